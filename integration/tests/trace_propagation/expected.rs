//! The request of the tutorials, and what every hop must see of it.

use envoy_runner::{Received, Request};

/// The seven headers beside `x-request-id`, and one that routes act on, for request `n`.
pub(crate) fn headers(n: u64) -> Vec<(&'static str, String)> {
    // Odd, so never zero; different for each request.
    let (trace, span, parent) = (n * 8 + 1, n * 8 + 3, n * 8 + 5);
    vec![
        ("x-b3-traceid", format!("80f198ee56343ba8{trace:016x}")),
        ("x-b3-spanid", format!("{span:016x}")),
        ("x-b3-parentspanid", format!("{parent:016x}")),
        ("x-b3-sampled", "1".to_owned()),
        ("x-b3-flags", "0".to_owned()),
        ("x-ot-span-context", format!("{trace:016x};{span:016x};{parent:016x};cs")),
        ("user-agent", format!("Safari/{n}")),
        ("end-user", format!("user-{n}")),
    ]
}

/// The id of request `n`.
pub(crate) fn request_id(n: u64) -> String {
    format!("9a1f6a3e-3d0e-4d0c-8d2f-{n:012x}")
}

/// Which request an id is of; Envoy may have rewritten its version.
pub(crate) fn number(id: &[u8]) -> Option<u64> {
    let digits = id.get(24..36)?;
    u64::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
}

/// Request `n` as it enters the mesh.
pub(crate) fn request(n: u64) -> Request {
    let request = Request::get("/productpage").header("x-request-id", request_id(n));
    headers(n).into_iter().fold(request, |request, (name, value)| request.header(name, value))
}

/// What is wrong with a request that reached an application, if anything.
pub(crate) fn wrong(received: &Received) -> Option<String> {
    let id = received.header("x-request-id");
    let Some(n) = id.and_then(number) else { return Some(format!("no request id: {id:?}")) };
    let differing = headers(n).into_iter().find(|(name, value)| {
        let lines = received.headers.iter().filter(|(other, _)| other == name.as_bytes());
        lines.map(|(_, value)| value.as_slice()).collect::<Vec<_>>() != [value.as_bytes()]
    });
    differing
        .map(|(name, value)| format!("{n}: {name} is {:?}, not {value}", received.header(name)))
}

/// What a forgetful application forwards: its request id, with an HTTP client that names no agent.
pub(crate) fn request_id_alone(received: &Received) -> Request {
    let request = Request::get("/call");
    match received.header("x-request-id") {
        Some(id) => request.header("x-request-id", id),
        None => request,
    }
}
