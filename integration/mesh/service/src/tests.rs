//! The application as its neighbours see it.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

use crate::Options;

/// Starts the application on a free port.
fn start(arguments: &str) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    drop(listener);
    let line = format!("--listen {addr} {arguments}");
    let options = Options::parse(line.split_whitespace().map(str::to_owned)).unwrap();
    thread::spawn(move || crate::serve(options));
    while TcpStream::connect(addr).is_err() {
        thread::yield_now();
    }
    addr
}

fn get(addr: SocketAddr, path: &str) -> (u16, String) {
    let mut stream = TcpStream::connect(addr).unwrap();
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: a\r\nx-request-id: r1\r\nx-a: \"1\"\r\nconnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), body.trim_end().to_owned())
}

#[test]
fn a_chain_answers_in_the_tutorials_form() {
    let leaf = start("--name recommendation --host h");
    // The application's sidecar is not there: it calls its neighbour directly.
    let middle = start(&format!("--name preference --outbound {leaf} --next recommendation"));
    let top = start(&format!("--name customer --outbound {middle} --next preference"));
    let chain = "customer => preference => recommendation v1 from 'h':";
    assert_eq!(get(top, "/"), (200, format!("{chain} 1")));
    assert_eq!(get(top, "/x"), (200, format!("{chain} 2")));
    let received = get(leaf, "/_mesh/received").1;
    assert!(received.contains("[\"x-request-id\",\"r1\"]") && !received.contains("x-a"));
    get(middle, "/_mesh/forward/all");
    get(top, "/_mesh/forward/all");
    get(leaf, "/_mesh/clear");
    assert_eq!(get(top, "/"), (200, format!("{chain} 1")));
    assert!(get(leaf, "/_mesh/received").1.contains("[\"x-a\",\"\\\"1\\\"\"]"));

    assert_eq!(get(leaf, "/misbehave"), (200, "misbehave from 'h'".to_owned()));
    assert_eq!(
        get(top, "/"),
        (
            503,
            "customer => Error: 503 - preference => Error: 503 - recommendation misbehavior from 'h'"
                .to_owned()
        )
    );
    get(leaf, "/behave");
    assert_eq!(get(top, "/").0, 200);
}

#[test]
fn errors_are_told_or_tolerated() {
    let gone = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let page =
        start(&format!("--name productpage --outbound {gone} --next reviews --on-error tolerate"));
    let (status, body) = get(page, "/");
    assert!(status == 200 && body.contains("reviews is currently unavailable: 0"), "{body}");
}

#[test]
fn httpbins_answers() {
    let httpbin = start("--name httpbin");
    assert_eq!(get(httpbin, "/status/418").0, 418);
    assert!(get(httpbin, "/headers").1.contains("\"x-request-id\": \"r1\""));
    assert_eq!(get(httpbin, "/_mesh/nothing").0, 404);
}

#[test]
fn lines_come_back_with_the_version() {
    let echo = start("--name tcp-echo --version one --mode tcp-echo");
    let mut stream = TcpStream::connect(echo).unwrap();
    stream.write_all(b"hello\n").unwrap();
    let mut line = String::new();
    BufReader::new(stream).read_line(&mut line).unwrap();
    assert_eq!(line, "one hello\n");
}

#[test]
fn a_server_is_well_if_it_says_so() {
    let addr = start("--name a").to_string();
    assert!(crate::check(&addr, "/_mesh/health").is_ok());
    let wrong = crate::check(&addr, "/_mesh/nothing").unwrap_err();
    assert_eq!(wrong.to_string(), "answers 404");
}
