//! Streams as they really are: answers that take their time, upgrades, retries, configurations that
//! change under them.

use crate::instructions::host;
use crate::{FILTER, Served, listener, quiet, stat};
use anyhow::{Context as _, Result, ensure};
use envoy_runner::{
    Bootstrap, Client, Cluster, Launch, Listener, Reply, Request, Route, Update, Upstream, Wheel,
};
use integration::fixtures::{self, INGRESS};
use serde_json::{Value, json};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(10);

fn quota(more: &Value) -> Value {
    let mut quota = json!({"name": "q", "maxAmount": 1, "validDuration": "1h"});
    envoy_runner::merge(&mut quota, more.clone());
    json!({"quotas": [quota]})
}

/// Status of one request on a connection of its own.
fn ask(addr: SocketAddr) -> Result<u16> {
    Client::once(addr, &Request::get("/"))?.status.context("no answer")
}

#[test]
fn what_is_in_use_is_refused_to_others_until_its_answer_has_ended() -> Result<()> {
    let _alone = quiet();
    let config = quota(&json!({"algorithm": "CONCURRENCY", "maxAmount": 2}));
    let upstream = Upstream::start(|request| {
        let takes = if request.path == b"/slow" { Duration::from_secs(1) } else { Duration::ZERO };
        Reply::ok("upstream").after(takes)
    })?;
    let envoy = fixtures::start(&fixtures::in_front_of(&upstream, [listener(&config)?]), 2)?;
    let served = Served { envoy, upstream };
    let addr = served.addr()?;
    let slow = Request::get("/slow");
    let mut clients = [Client::connect(addr)?, Client::connect(addr)?];
    for client in &mut clients {
        ensure!(client.write(&slow).is_ok(), "the connection is gone");
    }
    served.upstream.wait_for(2, PATIENCE)?;
    let refused = Client::once(addr, &Request::get("/"))?;
    assert_eq!(refused.status, Some(429));
    assert_eq!(refused.header("retry-after"), None, "nobody knows when others are done");
    for client in &mut clients {
        assert_eq!(client.read().status, Some(200));
    }
    let after: Vec<u16> = (0..10).map(|_| ask(addr)).collect::<Result<_>>()?;
    assert_eq!(after, [200; 10]);
    assert_eq!((served.stat("quota.q.ok")?, served.stat("quota.q.over_limit")?), (12, 1));
    served.finish()
}

/// A worker that crashes ends no stream: its units come back with time.
#[test]
fn a_unit_whose_end_is_lost_comes_back() -> Result<()> {
    let in_use = json!({"algorithm": "CONCURRENCY", "validDuration": "60s"});
    let host = host(&quota(&in_use))?;
    let worker = host.worker(0);
    let request = proxy_wasm_test_host::Request::get("/");
    let _lost = worker.open(&request);
    let ask = || worker.exchange(request.clone(), |_| proxy_wasm_test_host::Response::new(200));
    for (seconds, status) in [(0, 429), (59, 429), (1, 200)] {
        host.advance(Duration::from_secs(seconds));
        assert_eq!(ask().status(), Some(status), "{seconds} s later");
    }
    Ok(())
}

/// Answers every request for an upgrade, and then sends back what it is sent.
fn echo() -> Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let addr = listener.local_addr()?;
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || serve_upgrade(stream));
        }
    });
    Ok(addr)
}

fn serve_upgrade(mut stream: TcpStream) -> std::io::Result<()> {
    read_head(&mut stream)?;
    stream.write_all(
        b"HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    )?;
    std::io::copy(&mut stream.try_clone()?, &mut stream).map(drop)
}

/// Reads up to the empty line, and gives the first.
fn read_head(stream: &mut TcpStream) -> std::io::Result<String> {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream.read_exact(&mut byte)?;
        head.push(byte[0]);
    }
    let text = String::from_utf8_lossy(&head);
    Ok(text.lines().next().unwrap_or_default().to_owned())
}

/// A connection that asked for an upgrade, and what it was answered.
fn upgrade(addr: SocketAddr) -> Result<(TcpStream, String)> {
    let mut stream = TcpStream::connect(addr)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.write_all(
        b"GET /chat HTTP/1.1\r\nhost: a\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
    )?;
    let line = read_head(&mut stream)?;
    Ok((stream, line))
}

/// However much is said on it: it counts once, and holds its unit until it ends.
#[test]
fn an_upgrade_counts_once_and_holds_its_unit_until_it_ends() -> Result<()> {
    let _alone = quiet();
    let one = |amount: u32, name: &str, algorithm: &str| {
        let period = "1h";
        json!({"name": name, "algorithm": algorithm, "maxAmount": amount, "validDuration": period})
    };
    let config = json!({"quotas": [one(1, "at-once", "CONCURRENCY"), one(3, "q", "GCRA")]});
    let upgrades = json!({"upgrade_configs": [{"upgrade_type": "websocket"}]});
    let bootstrap = Bootstrap::new()
        .cluster(Cluster::new("upstream", echo()?))
        .listener(listener(&config)?.manager(upgrades));
    let mut envoy = fixtures::start(&bootstrap, 2)?;
    let addr = envoy.addr(INGRESS)?;
    let (mut first, line) = upgrade(addr)?;
    assert_eq!(line, "HTTP/1.1 101 Switching Protocols");
    for word in [b"one", b"two", b"six"] {
        first.write_all(word)?;
        let mut heard = [0; 3];
        first.read_exact(&mut heard)?;
        assert_eq!(&heard, word);
    }
    assert_eq!(upgrade(addr)?.1, "HTTP/1.1 429 Too Many Requests");
    assert_eq!(stat(&envoy, "quota.q.ok")?, 1);
    drop(first);
    // Envoy notices the end when it comes to read it.
    let again = (0..100).find_map(|_| {
        thread::sleep(Duration::from_millis(20));
        upgrade(addr).ok().filter(|(_, line)| line.contains("101"))
    });
    ensure!(again.is_some(), "its unit never came back");
    assert_eq!(stat(&envoy, "quota.q.ok")?, 2);
    fixtures::unharmed(&mut envoy)
}

#[test]
fn a_retry_of_the_router_pays_nothing_and_one_of_the_client_as_configured() -> Result<()> {
    let _alone = quiet();
    let mut config = quota(&json!({}));
    config["deduplication"] = json!({"minDeduplicationDuration": "1m", "retries": 1});
    let tries = AtomicUsize::new(1);
    let upstream = Upstream::start(move |_| match tries.fetch_add(1, Ordering::Relaxed) % 3 {
        0 => Reply::ok("the third time"),
        _ => Reply::status(503),
    })?;
    let policy = json!({"retry_on": "5xx", "num_retries": 2});
    let route = Route::cluster("/", "upstream").merge(json!({"route": {"retry_policy": policy}}));
    let manager = json!({"preserve_external_request_id": true, "use_remote_address": true});
    let listener = Listener::new(INGRESS).filter(fixtures::plugin(FILTER, &config)?);
    let listener = listener.route(route).manager(manager);
    let mut envoy = fixtures::start(&fixtures::in_front_of(&upstream, [listener]), 2)?;
    let mut client = Client::connect(envoy.addr(INGRESS)?)?;
    let mut ask = |id: &str| client.send(&Request::get("/").header("x-request-id", id)).status;
    assert_eq!([ask("one"), ask("one"), ask("one")], [Some(200), Some(200), Some(429)]);
    assert_eq!(ask("two"), Some(429));
    assert_eq!(upstream.count(), 6, "three tries each");
    assert_eq!(stat(&envoy, "quota.q.ok")?, 1);
    assert_eq!(stat(&envoy, "deduplicated")?, 1);
    fixtures::unharmed(&mut envoy)
}

#[test]
fn counts_survive_an_update_and_another_limit_holds_at_once() -> Result<()> {
    let _alone = quiet();
    let ten = |amount: u32, name: &str| {
        listener(&quota(&json!({"name": name, "maxAmount": amount, "algorithm": "FIXED_WINDOW"})))
    };
    let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
    let bootstrap = fixtures::in_front_of(&upstream, [ten(10, "q")?]).dynamic_listeners();
    let launch = Launch::new(&Wheel::default_version()?, bootstrap.document());
    let mut envoy = launch.concurrency(2).start()?;
    let mut admitted = |amount: u32, name: &str| -> Result<usize> {
        let update = envoy.update_listeners(&[ten(amount, name)?], PATIENCE)?;
        ensure!(update == Update::Accepted, "{update:?}");
        let addr = envoy.addr(INGRESS)?;
        let statuses: Vec<u16> = (0..20).map(|_| ask(addr)).collect::<Result<_>>()?;
        Ok(statuses.iter().filter(|status| **status == 200).count())
    };
    let found = [
        admitted(4, "q")?,
        admitted(4, "q")?,
        admitted(10, "q")?,
        admitted(5, "q")?,
        admitted(12, "q")?,
        admitted(3, "other")?,
    ];
    println!("admitted under limits of 4, 4, 10, 5, 12, and 3 of another name: {found:?}");
    assert_eq!(found, [4, 0, 6, 0, 2, 3]);
    fixtures::unharmed(&mut envoy)
}
