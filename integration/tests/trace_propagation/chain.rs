//! One trace id and all seven headers at every hop, and nothing mixed up.

use crate::expected::{self, request, request_id_alone};
use crate::mesh::{Mesh, Sidecar};
use crate::quiet;
use anyhow::{Context as _, Result};
use envoy_runner::{Client, Load, Received, Request};
use serde_json::json;
use std::env;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// Requests of the load, unless `TRACE_REQUESTS` says otherwise. Each passes three services.
const REQUESTS: usize = 100_000;
const CLIENTS: usize = 50;
const SERVICES: [&str; 3] = ["customer", "preference", "recommendation"];

pub(crate) fn sidecar() -> Sidecar {
    let propagate = ["x-request-id", "x-ot-span-context", "user-agent", "end-user"];
    Sidecar {
        config: json!({"propagate": propagate}),
        correlate: json!({"key": "x-request-id", "ttl": "30s", "capacity": 100_000}),
        bootstrap: json!({}),
        inbound: json!({}),
        behind: Vec::new(),
        outbound_tracer: None,
        clusters: Vec::new(),
    }
}

/// What the applications saw.
#[derive(Default)]
struct Witness {
    counts: [AtomicUsize; SERVICES.len()],
    wrong: Mutex<Vec<String>>,
}

impl Witness {
    fn see(&self, service: &'static str, received: &Received) {
        let place = SERVICES.iter().position(|name| *name == service);
        if let Some(count) = place.and_then(|place| self.counts.get(place)) {
            count.fetch_add(1, Ordering::Relaxed);
        }
        if let Some(why) = expected::wrong(received) {
            self.wrong().push(format!("{service}: {why}"));
        }
    }

    fn wrong(&self) -> MutexGuard<'_, Vec<String>> {
        self.wrong.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Prints what each service saw and counted.
    fn tell(&self, mesh: &Mesh) {
        const STATS: [&str; 6] = [
            "requests_stored",
            "requests_restored",
            "requests_ambiguous",
            "propagation_lost",
            "entries_evicted",
            "shared_data_conflicts",
        ];
        for (service, count) in mesh.services.iter().zip(&self.counts) {
            let stats: Vec<_> = STATS.iter().map(|stat| (stat, service.stat(stat).ok())).collect();
            println!("  {}: {} seen, {stats:?}", service.name, count.load(Ordering::Relaxed));
        }
        println!("  {} requests with a wrong or missing header", self.wrong().len());
    }
}

/// How many requests are to be sent.
fn requests() -> Result<usize> {
    match env::var("TRACE_REQUESTS") {
        Ok(number) => number.parse().context("TRACE_REQUESTS is no number"),
        Err(_) => Ok(REQUESTS),
    }
}

#[test]
fn an_application_that_forwards_only_its_request_id_loses_nothing_and_mixes_nothing_up()
-> Result<()> {
    let _alone = quiet();
    let witness: Arc<Witness> = Arc::default();
    let see = Arc::clone(&witness);
    let see = move |service: &'static str, received: &Received| see.see(service, received);
    let mesh = Mesh::start(&SERVICES, |_| sidecar(), see, request_id_alone)?;
    let load = Load {
        connections: CLIENTS,
        requests_per_connection: requests()? / CLIENTS,
        timeout: Duration::from_secs(60),
    };
    let report = load.run(mesh.entry()?, |n| request(n as u64))?;
    let total = load.connections * load.requests_per_connection;
    println!(
        "{total} requests by {CLIENTS} clients through {SERVICES:?}, two workers each, in {:?}",
        report.elapsed
    );
    witness.tell(&mesh);
    let wrong = witness.wrong();
    assert!(wrong.is_empty(), "{:?}", wrong.iter().take(5).collect::<Vec<_>>());
    assert!(report.failures.is_empty(), "{:?}", report.failures);
    assert_eq!(report.count(200), total);
    assert!(witness.counts.iter().all(|count| count.load(Ordering::Relaxed) == total));
    for service in mesh.services.iter().take(2) {
        assert_eq!(service.stat("requests_restored")?, total as u64, "{}", service.name);
        assert_eq!(service.stat("requests_ambiguous")?, 0, "{}", service.name);
        assert_eq!(service.stat("propagation_lost")?, 0, "{}", service.name);
    }
    mesh.finish()
}

/// What an application forwards that keeps one trace header, and no request id.
fn trace_id_alone(received: &Received) -> Request {
    let request = Request::get("/call");
    match received.header("x-b3-traceid") {
        Some(id) => request.header("x-b3-traceid", id),
        None => request,
    }
}

#[test]
fn one_trace_header_is_as_good_as_the_request_id() -> Result<()> {
    let seen: Arc<Mutex<Vec<Received>>> = Arc::default();
    let journal = Arc::clone(&seen);
    let see = move |_: &'static str, received: &Received| {
        journal.lock().unwrap_or_else(PoisonError::into_inner).push(received.clone());
    };
    // Envoy gives every request without an id a new one, which the memory's takes the place of.
    let sidecar = |_| {
        let mut sidecar = sidecar();
        sidecar.config["overwrite"] = json!(["x-request-id"]);
        sidecar
    };
    let mesh = Mesh::start(&SERVICES, sidecar, see, trace_id_alone)?;
    let mut client = Client::connect(mesh.entry()?)?;
    for n in 0..20 {
        assert_eq!(client.send(&request(n)).status, Some(200));
    }
    let seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(seen.len(), 60);
    for received in seen.iter() {
        assert_eq!(expected::wrong(received), None);
    }
    println!("{} requests at three hops, recognised by x-b3-traceid alone", seen.len());
    mesh.finish()
}

#[test]
fn an_application_that_forwards_nothing_is_told() -> Result<()> {
    let see = |_: &'static str, _: &Received| {};
    let mesh = Mesh::start(&["careless", "next"], |_| sidecar(), see, |_| Request::get("/call"))?;
    let mut client = Client::connect(mesh.entry()?)?;
    for n in 0..20 {
        assert_eq!(client.send(&request(n)).status, Some(200));
    }
    let careless = mesh.services.first().context("two services")?;
    let lost = careless.stat("propagation_lost")?;
    println!("20 requests through an application that forwards nothing: {lost} told as lost");
    assert_eq!(lost, 20);
    assert_eq!(careless.stat("requests_restored")?, 0);
    mesh.finish()
}
