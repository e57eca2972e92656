//! Remote lists: what happens while the provider is down, slow, huge, wrong, or comes and goes.

use crate::Served;
use anyhow::{Result, ensure};
use envoy_runner::{Body, Client, Cluster, Received, Reply, Request, Upstream};
use serde_json::{Value, json};
use std::net::{SocketAddr, TcpListener};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What the provider answers right now.
type Script = Arc<Mutex<Option<Reply>>>;

/// The filter in front of a service, with a provider that does as it is told.
struct Listed {
    served: Served,
    provider: Upstream,
    script: Script,
}

fn set(script: &Script, reply: Option<Reply>) {
    *script.lock().unwrap_or_else(PoisonError::into_inner) = reply;
}

fn provider(script: &Script) -> Result<Upstream> {
    let script = Arc::clone(script);
    Upstream::start(move |_: &Received| {
        let reply = script.lock().unwrap_or_else(PoisonError::into_inner).clone();
        reply.unwrap_or_else(|| Reply::status(500))
    })
}

fn config(blacklist: bool, more: &Value) -> Value {
    let mut provider = json!({
        "cluster": "lists", "path": "/vip.txt", "refreshInterval": "1s", "ttl": "4s", "timeout": "500ms",
    });
    if let (Some(fields), Some(more)) = (provider.as_object_mut(), more.as_object()) {
        fields.extend(more.clone());
    }
    json!({"lists": [{
        "name": "l", "value": "request.headers[x-user]", "overrides": ["always"], "blacklist": blacklist,
        "provider": provider,
    }]})
}

impl Listed {
    fn new(first: Option<Reply>, blacklist: bool, more: &Value) -> Result<Self> {
        let script = Script::new(Mutex::new(first));
        let provider = provider(&script)?;
        let cluster = Cluster::new("lists", provider.addr());
        let served =
            Served::new(&config(blacklist, more), 2, |bootstrap| bootstrap.cluster(cluster))?;
        Ok(Self { served, provider, script })
    }

    /// The status for a user, of several workers: all say the same.
    fn status(&self, user: &str) -> Result<u16> {
        status(&self.served, user)
    }

    /// Waits until requests of a user have this status.
    fn until(&self, user: &str, status: u16) -> Result<Duration> {
        until(&self.served, user, status)
    }
}

/// The status on a connection of its own.
fn one(served: &Served, user: &str) -> Result<u16> {
    let answer = Client::once(served.addr()?, &Request::get("/").header("x-user", user))?;
    Ok(answer.status.unwrap_or_default())
}

fn status(served: &Served, user: &str) -> Result<u16> {
    let first = one(served, user)?;
    for _ in 0..7 {
        let next = one(served, user)?;
        ensure!(next == first, "{user}: {first} and {next} at the same time");
    }
    Ok(first)
}

/// Polls, for what changes by itself with time; every worker has to agree eight times in a row.
fn until(served: &Served, user: &str, status: u16) -> Result<Duration> {
    let begin = Instant::now();
    let mut agreed = 0;
    while agreed < 8 {
        ensure!(begin.elapsed() < Duration::from_secs(20), "{user} never had {status}");
        if one(served, user)? == status {
            agreed += 1;
        } else {
            agreed = 0;
            std::thread::sleep(Duration::from_millis(20));
        }
    }
    Ok(begin.elapsed())
}

#[test]
fn a_good_list_is_fetched_by_one_worker_and_held_by_all() -> Result<()> {
    let listed =
        Listed::new(Some(Reply::ok("alice\nbob\n").header("etag", "\"1\"")), false, &json!({}))?;
    listed.until("alice", 200)?;
    assert_eq!((listed.status("mallory")?, listed.status("always")?), (403, 200));
    assert_eq!(listed.served.stat("list.l.entries")?, 2);
    set(&listed.script, Some(Reply::ok("carol\n").header("etag", "\"2\"")));
    let taken = listed.until("carol", 200)?;
    listed.until("alice", 403)?;
    let before = listed.provider.count();
    set(&listed.script, Some(Reply::status(304)));
    listed.provider.wait_for(before + 5, Duration::from_secs(15))?;
    // Longer than the ttl: unchanged is confirmed.
    assert_eq!(listed.status("carol")?, 200);
    let asked = listed.provider.requests();
    let with_mark =
        asked.iter().filter(|request| request.header("if-none-match").is_some()).count();
    println!(
        "provider: a new list held after {taken:?}; {} calls of 3 VMs, {with_mark} with If-None-Match, updates {}",
        asked.len(),
        listed.served.stat("list.l.updates")?
    );
    assert!(
        with_mark >= asked.len() - 2 && asked.iter().all(|request| request.path == b"/vip.txt")
    );
    assert_eq!(
        (listed.served.stat("list.l.updates")?, listed.served.stat("list.l.fetch_failures")?),
        (2, 0)
    );
    listed.served.finish()
}

/// Before the first answer, and when the last is too old.
#[test]
fn a_provider_that_is_down_leaves_what_the_configuration_says() -> Result<()> {
    for (on_expired, blacklist, other) in
        [("DENY", false, 503), ("DENY", true, 503), ("KEEP", true, 503), ("ALLOW", false, 200)]
    {
        // A port on which nobody listens.
        let nobody: SocketAddr = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
        let config = config(blacklist, &json!({"onExpired": on_expired}));
        let served =
            Served::new(&config, 2, |bootstrap| bootstrap.cluster(Cluster::new("lists", nobody)))?;
        let always = if blacklist { 403 } else { 200 };
        assert_eq!((status(&served, "always")?, status(&served, "alice")?), (always, other));
        served.envoy.wait_for_stat(
            "wasmcustom.acl.list.l.fetch_failures",
            1,
            Duration::from_secs(15),
        )?;
        assert_eq!((status(&served, "always")?, status(&served, "alice")?), (always, other));
        println!("provider down, onExpired {on_expired}, blacklist {blacklist}: {other}");
        served.finish()?;
    }
    Ok(())
}

#[test]
fn what_is_no_list_keeps_the_last_one_until_its_time_is_over() -> Result<()> {
    let wrong: [(&str, Reply); 7] = [
        ("500", Reply::status(500)),
        ("slow", Reply::ok("everybody\n").after(Duration::from_secs(2))),
        ("huge", Reply::ok(vec![b'x'; 5_000])),
        ("a page", Reply::ok("<html>\n").header("content-type", "text/html")),
        ("an archive", Reply::ok(b"\x1f\x8b\x08\x00\xff\n")),
        ("nothing", Reply::ok("")),
        (
            "cut off",
            Reply::ok("everybody\neverybody\n").ending(envoy_runner::ReplyEnd::CutAfter(5)),
        ),
    ];
    std::thread::scope(|scope| -> Result<()> {
        let runs: Vec<_> =
            wrong.iter().map(|(what, reply)| scope.spawn(move || last_good(what, reply))).collect();
        runs.into_iter()
            .try_for_each(|run| run.join().map_err(|_| anyhow::anyhow!("a run failed"))?)
    })
}

/// A blacklist, so that a list that is lost would let somebody pass.
fn last_good(what: &str, reply: &Reply) -> Result<()> {
    let listed = Listed::new(Some(Reply::ok("mallory\n")), true, &json!({"maxSize": 4096}))?;
    listed.until("alice", 200)?;
    assert_eq!(listed.status("mallory")?, 403);
    let (begin, before) = (Instant::now(), listed.served.stat("list.l.fetch_failures")?);
    set(&listed.script, Some(reply.clone()));
    let name = "wasmcustom.acl.list.l.fetch_failures";
    listed.served.envoy.wait_for_stat(name, before + 1, Duration::from_secs(15))?;
    if begin.elapsed() < Duration::from_secs(2) {
        assert_eq!(
            (one(&listed.served, "mallory")?, one(&listed.served, "alice")?),
            (403, 200),
            "{what}: kept"
        );
    }
    let expired = listed.until("alice", 503)?;
    let refused = one(&listed.served, "mallory")?;
    println!(
        "provider {what}: kept, then 503 from {:?} on (waited {expired:?}); the blacklisted still {refused}",
        begin.elapsed()
    );
    assert_eq!(refused, 503);
    // And back.
    set(&listed.script, Some(Reply::ok("mallory\n")));
    listed.until("alice", 200)?;
    listed.until("mallory", 403)?;
    listed.served.finish()
}

/// Three of four answers fail: the list holds, and nobody who is on it passes at any time.
#[test]
fn a_provider_that_comes_and_goes_costs_nothing() -> Result<()> {
    let asked = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&asked);
    let provider = Upstream::start(move |_| match counter.fetch_add(1, Ordering::Relaxed) % 4 {
        0 => Reply::ok("mallory\n"),
        1 => Reply::status(503),
        2 => Reply::ok("<html>").header("content-type", "text/html"),
        _ => Reply::status(200).body(Body::Length(Vec::new())),
    })?;
    let config = config(true, &json!({"ttl": "10s"}));
    let cluster = Cluster::new("lists", provider.addr());
    let served = Served::new(&config, 2, |bootstrap| bootstrap.cluster(cluster))?;
    until(&served, "alice", 200)?;
    let (begin, mut requests) = (Instant::now(), 0);
    while begin.elapsed() < Duration::from_secs(8) {
        assert_eq!((one(&served, "mallory")?, one(&served, "alice")?), (403, 200));
        requests += 2;
    }
    println!(
        "provider flapping: {requests} requests in 8 s, all judged by the list; {} calls, {} failed",
        asked.load(Ordering::Relaxed),
        served.stat("list.l.fetch_failures")?
    );
    served.finish()
}
