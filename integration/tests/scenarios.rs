//! Every case of every filter on its packaged module, in the wasmtime host.
//!
//! Each run is checked against the case, and against the pure filter in everything that does not
//! depend on chance.

use anyhow::{Context as _, Result, ensure};
use filter_api::HttpFilter;
use filter_testing::{Case, Tolerance, load_cases};
use integration::{Filter, HostExecutor, Run, compare, filters_under_test, in_parallel, simulate};
use std::fs;
use std::time::Duration;

type Simulate = fn(&Case, u64) -> Result<Run>;

/// The pure filters, from the folders of `filters/`: a test of the house rules writes the lines.
const PURE: &[(&str, Simulate)] = &[
    // generated:filters
    pure::<acl::AclFilter>(),
    pure::<fault_injection::FaultFilter>(),
    pure::<rate_limit_quota::QuotaFilter>(),
    pure::<routing_hints::RoutingHintsFilter>(),
    pure::<trace_propagation::TraceFilter>(),
    // /generated:filters
];

const fn pure<F: HttpFilter>() -> (&'static str, Simulate) {
    (F::NAME, simulate::<F>)
}

/// Runs of the pure filter, each with a seed of its own, whose agreement says that something does
/// not depend on chance.
const SEEDS: u64 = 16;

/// Ticks come in whole milliseconds.
const TOLERANCE: Tolerance = Tolerance { early: Duration::ZERO, late: Duration::from_millis(1) };

#[test]
fn every_case_holds_in_the_wasmtime_host_and_equals_the_pure_filter() -> Result<()> {
    for filter in filters_under_test()? {
        let pure = PURE.iter().find(|(name, _)| *name == filter.name);
        let (_, pure) = pure.with_context(|| format!("{} is not in PURE", filter.name))?;
        let cases = load_cases(&filter.cases())?;
        // A host lives on one thread: each thread has an executor of its own.
        let results = in_parallel(2, &cases, |executor: &mut Option<HostExecutor>, case| {
            holds(executor, &filter, *pure, case).with_context(|| case.name.clone())
        });
        let failures: Vec<String> = results
            .iter()
            .filter_map(|result| Some(format!("{:#}", result.as_ref().err()?)))
            .collect();
        let facts: usize = results.iter().flatten().sum();
        let refused = cases.iter().filter(|case| case.refused.is_some()).count();
        println!(
            "{}: {} cases ({refused} refusals), {} failed, {facts} facts equal the pure filter's",
            filter.name,
            cases.len(),
            failures.len()
        );
        assert!(failures.is_empty(), "{}", failures.join("\n"));
        assert_eq!(results.len(), files(&filter)?, "a case was not run");
        assert!(facts > cases.len(), "hardly anything was compared");
    }
    Ok(())
}

fn holds(
    executor: &mut Option<HostExecutor>,
    filter: &Filter,
    pure: Simulate,
    case: &Case,
) -> Result<usize> {
    let executor = match executor {
        Some(executor) => executor,
        None => executor.insert(HostExecutor::new(filter)?),
    };
    let run = executor.run(case)?;
    run.check(case, TOLERANCE)?;
    let seeds = (0..SEEDS).map(|seed| pure(case, case.seed.wrapping_add(seed)));
    compare(case, &seeds.collect::<Result<Vec<_>>>()?, &run).context("against the pure filter")
}

fn files(filter: &Filter) -> Result<usize> {
    let files = fs::read_dir(filter.cases())?.collect::<Result<Vec<_>, _>>()?;
    Ok(files.len())
}

#[test]
fn a_prepared_case_can_be_sent_over_and_over() -> Result<()> {
    for filter in filters_under_test()? {
        let executor = HostExecutor::new(&filter)?;
        let cases = load_cases(&filter.cases())?;
        let case = cases.iter().find(|case| !case.traffic.is_empty());
        let prepared = executor.prepare(case.context("a case with traffic")?)?;
        prepared.host().reset_counts();
        ensure!(prepared.send(10).is_some(), "no answer");
        let calls = prepared.host().counts().export("proxy_on_request_headers").calls;
        assert_eq!(calls, 10);
    }
    Ok(())
}
