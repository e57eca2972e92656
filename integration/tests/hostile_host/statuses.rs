//! Every host call that a module makes, with every status, on every call and on each of the first.

use crate::statuses;
use crate::subject::{self, Scenario, Subject};
use crate::traffic::Exchange;
use anyhow::{Context, Result, ensure};
use proxy_wasm_test_host::{Injection, Metric, Outcome, TestHost};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;

/// Calls whose failure is not counted: an attribute is then as if it were absent, and of a line that
/// is not logged there is nobody to tell.
const UNCOUNTED: [&str; 2] = ["proxy_get_property", "proxy_log"];

/// What counts. Where it fails itself it may or may not count that.
const COUNTING: &str = "proxy_increment_metric";

/// Calls without which a held stream cannot be let go. It waits for the client or a timeout.
const RELEASING: [&str; 3] =
    ["clock_time_get", "proxy_continue_stream", "proxy_set_effective_context"];

/// Without it a refusal has no words.
const REPLYING: &str = "proxy_send_local_response";

/// Answers that are none of the host's failures: not found, and another worker was faster.
const REGULAR: [(&str, u32); 2] = [("proxy_get_shared_data", 1), ("proxy_set_shared_data", 8)];

/// The nth call alone is failed up to this n.
const NTH: u64 = 4;

/// Undisturbed runs that show what a scenario with percentages may lead to.
const REHEARSALS: usize = 12;

/// What the client sees. Not the body: of a change to it, half may be done when the host fails.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Seen {
    status: Option<u16>,
    is_reset: bool,
}

impl Seen {
    fn of(outcome: &Outcome) -> Self {
        Self { status: outcome.status(), is_reset: outcome.reset }
    }
}

/// What a scenario does when the host fails nothing.
struct Rehearsal {
    /// Host functions called while streams are served.
    functions: BTreeSet<&'static str>,
    /// What the client may see.
    outcomes: BTreeSet<Seen>,
    /// For each exchange, what the client sees when the filter does nothing.
    untouched: Vec<Seen>,
    /// Something fails even so: a call to a cluster that does not exist.
    has_errors: bool,
}

#[test]
fn no_status_of_any_call_traps_or_kills() -> Result<()> {
    for subject in subject::all()? {
        let (next, runs, hits) = (AtomicUsize::new(0), AtomicU64::new(0), AtomicU64::new(0));
        thread::scope(|scope| {
            let work = || -> Result<BTreeSet<&'static str>> {
                let mut functions = BTreeSet::new();
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let Some(scenario) = subject.scenarios.get(number) else { break };
                    let rehearsal = rehearse(subject, scenario)?;
                    let (made, hit) = sweep(subject, number, &rehearsal)?;
                    runs.fetch_add(made, Ordering::Relaxed);
                    hits.fetch_add(hit, Ordering::Relaxed);
                    functions.extend(rehearsal.functions);
                }
                Ok(functions)
            };
            let workers = [scope.spawn(work), scope.spawn(work)];
            let mut functions = BTreeSet::new();
            for worker in workers {
                functions.extend(worker.join().ok().context("a worker panicked")??);
            }
            println!(
                "{}: {} configurations, {} host functions, {} hosts, {} failed calls survived",
                subject.name,
                subject.scenarios.len(),
                functions.len(),
                runs.load(Ordering::Relaxed),
                hits.load(Ordering::Relaxed),
            );
            ensure!(!functions.is_empty() && hits.load(Ordering::Relaxed) > 0);
            Ok(())
        })?;
    }
    Ok(())
}

fn rehearse(subject: &Subject, scenario: &Scenario) -> Result<Rehearsal> {
    let host = subject.host(scenario)?;
    host.reset_counts();
    let mut outcomes = BTreeSet::new();
    for exchange in scenario.exchanges.iter().cycle().take(scenario.exchanges.len() * REHEARSALS) {
        outcomes.insert(Seen::of(&exchange.run(&host)?));
    }
    subject::unharmed(&host).with_context(|| format!("{}, undisturbed", scenario.name))?;
    let functions = host.counts().host.into_keys().collect();
    let has_errors = subject.host_errors(&host) > 0;
    Ok(Rehearsal { functions, outcomes, untouched: untouched(subject, scenario)?, has_errors })
}

fn untouched(subject: &Subject, scenario: &Scenario) -> Result<Vec<Seen>> {
    let host = TestHost::builder(&subject.engine).plugin_config(subject.idle).build()?;
    let exchanges = scenario.exchanges.iter().map(Exchange::without_attempt);
    exchanges.map(|exchange| Ok(Seen::of(&exchange.run(&host)?))).collect()
}

/// Fails each function of the rehearsal; answers how many hosts were run and how many calls failed.
///
/// Where there are many scenarios they share the statuses out: each gets every fifth.
fn sweep(subject: &Subject, number: usize, rehearsal: &Rehearsal) -> Result<(u64, u64)> {
    let scenario = subject.scenarios.get(number).context("no such scenario")?;
    let each = if subject.scenarios.len() < 10 { 1 } else { 5 };
    let (mut runs, mut hits) = (0, 0);
    for (turn, function) in rehearsal.functions.iter().enumerate() {
        let every = statuses().skip((number + turn) % each).step_by(each);
        let every = every.map(|status| (status, Injection::on(function).status(status)));
        let nth = (1..=NTH).map(|nth| (10, Injection::on(function).nth(nth).status(10_u32)));
        for (status, injection) in every.chain(nth) {
            let what = || format!("{}, {}, {injection:?}", subject.name, scenario.name);
            let hit = disturbed(subject, scenario, rehearsal, (function, status), &injection);
            hits += hit.with_context(what)?;
            runs += 1;
        }
    }
    Ok((runs, hits))
}

/// The scenario with one failure; answers how many calls failed.
fn disturbed(
    subject: &Subject,
    scenario: &Scenario,
    rehearsal: &Rehearsal,
    (function, status): (&str, u32),
    injection: &Injection,
) -> Result<u64> {
    let host = subject.host(scenario)?;
    let standing = subject::raised_gauges(&host);
    host.inject(injection.clone());
    for (exchange, untouched) in scenario.exchanges.iter().zip(&rehearsal.untouched) {
        let outcome = exchange.run(&host).context(exchange.shape)?;
        let seen = Seen::of(&outcome);
        let is_held = outcome.paused.is_some();
        ensure!(!is_held || RELEASING.contains(&function), "{}: held for good", exchange.shape);
        let is_known = rehearsal.outcomes.contains(&seen);
        // Where a filter that refuses cannot even reply, the stream is reset.
        let is_refused = tells_failure(&subject.name, outcome.details.as_deref())
            || function == REPLYING && outcome.reset;
        ensure!(
            is_held || is_known || is_refused || seen == *untouched,
            "{}: neither done, nor passed, nor refused: {outcome:?}",
            exchange.shape,
        );
    }
    let errors = subject.host_errors(&host);
    ensure!(
        rehearsal.has_errors || errors == 0 || is_counted(function, status),
        "counted {errors} failures, though that is none"
    );
    check_end(&host, (function, status), errors, &standing)
}

/// Whether a reply says that the host failed: the adapter's words, or the filter's own, `*_failed`.
fn tells_failure(filter: &str, details: Option<&str>) -> bool {
    let what = details.and_then(|details| details.strip_prefix(filter)?.strip_prefix('.'));
    what.is_some_and(|what| what == "host_failure" || what.ends_with("_failed"))
}

fn is_counted(function: &str, status: u32) -> bool {
    !UNCOUNTED.contains(&function) && !REGULAR.contains(&(function, status))
}

/// `standing` are the gauges that the configuration raised, which no stream gives back.
fn check_end(
    host: &TestHost,
    (function, status): (&str, u32),
    errors: u64,
    standing: &[(String, Metric)],
) -> Result<u64> {
    subject::unharmed(host)?;
    let hits = host.clear_injections();
    if function == COUNTING {
        return Ok(hits);
    }
    let is_silent = hits > 0 && errors == 0 && is_counted(function, status);
    ensure!(!is_silent, "{hits} failures, none counted");
    let mut raised = subject::raised_gauges(host);
    raised.retain(|gauge| !standing.contains(gauge));
    ensure!(raised.is_empty(), "not given back: {raised:?}");
    Ok(hits)
}
