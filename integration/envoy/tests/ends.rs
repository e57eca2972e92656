//! The clients tell apart how exchanges end; the upstream misbehaves as told. No Envoy here.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::Duration;

use envoy_runner::{Answer, Body, Client, End, H2Client, Reply, ReplyEnd, Request, Upstream};

/// A server for one connection: what it does with it is up to `serve`. Should that fail, the
/// connection is closed, and the client says so.
fn once(
    serve: impl FnOnce(TcpStream) -> io::Result<()> + Send + 'static,
) -> anyhow::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || serve(listener.accept()?.0));
    Ok(addr)
}

fn answered_with(bytes: &'static [u8]) -> anyhow::Result<Answer> {
    let addr = once(move |mut stream| {
        let mut block = [0; 1024];
        assert!(stream.read(&mut block)? > 0);
        stream.write_all(bytes)
    })?;
    Client::once(addr, &Request::get("/"))
}

#[test]
fn a_reset_is_told_from_an_orderly_close() -> anyhow::Result<()> {
    // A socket that is closed with unread bytes resets its connection.
    let reset = once(|mut stream| {
        let mut one = [0; 1];
        stream.read_exact(&mut one)
    })?;
    let answer = Client::once(reset, &Request::post("/", vec![b'x'; 100]))?;
    assert_eq!((answer.status, answer.end), (None, End::Reset));

    let answer = answered_with(b"")?;
    assert_eq!((answer.status, answer.end), (None, End::Eof));
    Ok(())
}

#[test]
fn a_cut_body_is_no_complete_answer() -> anyhow::Result<()> {
    let cut = answered_with(b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc")?;
    assert_eq!((cut.status, cut.end, cut.body.as_slice()), (Some(200), End::Eof, &b"abc"[..]));
    let cut = answered_with(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")?;
    assert_eq!((cut.end, cut.body.as_slice()), (End::Eof, &b"abc"[..]));
    let whole = answered_with(b"HTTP/1.0 200 OK\r\n\r\nabc")?;
    assert_eq!((whole.end, whole.body.as_slice()), (End::Complete, &b"abc"[..]));
    Ok(())
}

#[test]
fn chunks_trailers_and_interim_answers_are_read() -> anyhow::Result<()> {
    let answer = answered_with(
        b"HTTP/1.1 103 Hints\r\n\r\nHTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\
          A;x=y\r\n0123456789\r\n1\r\n!\r\n0\r\nx-t: 1\r\n\r\n",
    )?;
    assert_eq!((answer.status, &answer.end), (Some(200), &End::Complete));
    assert_eq!(answer.text(), "0123456789!");
    assert_eq!(answer.trailer("X-T"), Some(&b"1"[..]));
    Ok(())
}

#[test]
fn what_is_not_http_is_malformed() -> anyhow::Result<()> {
    for bytes in [
        &b"SMTP ready\r\n\r\n"[..],
        b"HTTP/1.1 two\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ] {
        let answer = answered_with(bytes)?;
        assert!(matches!(answer.end, End::Malformed(_)), "{answer:?}");
    }
    Ok(())
}

#[test]
fn patience_ends_a_silent_exchange() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let patience = Duration::from_millis(100);
    let mut client = Client::connect(listener.local_addr()?)?.timeout(patience);
    let answer = client.send(&Request::get("/"));
    assert_eq!((answer.status, answer.end), (None, End::TimedOut));
    assert!(answer.elapsed >= patience);
    assert!(!client.is_open());
    Ok(())
}

#[test]
fn an_upstream_cuts_hangs_up_and_waits_over_http1() -> anyhow::Result<()> {
    let upstream = Upstream::start(|received| match received.path.as_slice() {
        b"/cut" => Reply::ok("abcdef").ending(ReplyEnd::CutAfter(2)),
        b"/late" => Reply::ok("late").after(Duration::from_millis(80)),
        _ => Reply::ok("").ending(ReplyEnd::Nothing),
    })?;
    let cut = Client::once(upstream.addr(), &Request::get("/cut"))?;
    assert_eq!((cut.status, cut.end, cut.body.len()), (Some(200), End::Eof, 2));
    let late = Client::once(upstream.addr(), &Request::get("/late"))?;
    assert!(late.end == End::Complete && late.to_head >= Some(Duration::from_millis(80)));
    let nothing = Client::once(upstream.addr(), &Request::get("/nothing"))?;
    assert_eq!((nothing.status, nothing.end), (None, End::Eof));
    Ok(())
}

#[test]
fn an_upstream_resets_streams_over_http2_and_the_connection_lives() -> anyhow::Result<()> {
    let upstream = Upstream::start_h2(|received| match received.path.as_slice() {
        b"/cut" => Reply::ok("abcdef").ending(ReplyEnd::CutAfter(2)),
        b"/nothing" => Reply::ok("").ending(ReplyEnd::Nothing),
        b"/late" => Reply::ok("late").after(Duration::from_secs(5)),
        _ => Reply::ok("ok"),
    })?;
    const INTERNAL_ERROR: u32 = 2;
    let mut client = H2Client::connect(upstream.addr())?.timeout(Duration::from_millis(500));
    let requests = ["/cut", "/nothing", "/late", "/ok"].map(Request::get);
    let answers = client.send_all(&requests)?;
    let ends: Vec<_> = answers.iter().map(|answer| (answer.status, answer.end.clone())).collect();
    assert_eq!(
        ends,
        [
            (Some(200), End::StreamReset(INTERNAL_ERROR)),
            (None, End::StreamReset(INTERNAL_ERROR)),
            (None, End::TimedOut),
            (Some(200), End::Complete),
        ]
    );
    assert_eq!(answers[0].body, b"ab");
    let again = client.send(&Request::get("/ok").body(Body::Length(b"x".to_vec())))?;
    assert_eq!((again.status, again.text().as_str()), (Some(200), "ok"));
    Ok(())
}

#[test]
fn a_request_that_is_cut_is_recorded_as_incomplete() -> anyhow::Result<()> {
    let upstream = Upstream::start(|_| Reply::ok("never"))?;
    let mut client = Client::connect(upstream.addr())?;
    client.write_raw(b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc").unwrap();
    drop(client);
    upstream.wait_for(1, Duration::from_secs(5))?;
    let requests = upstream.requests();
    assert!(!requests[0].complete);
    assert_eq!(requests[0].body, b"abc");
    Ok(())
}
