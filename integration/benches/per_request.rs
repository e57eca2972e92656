//! What a request costs in the packaged modules: instructions of the virtual machine (wasmtime's
//! fuel, the same on every run and machine), calls across its border, and time.
//!
//! Measured are the cases marked `bench: true`, each with its first request.

use anyhow::{Context as _, Result, ensure};
use criterion::Criterion;
use filter_testing::{Case, load_cases};
use integration::{HostExecutor, filters};
use std::io::{Write as _, stdout};
use std::time::{Duration, Instant};

/// The host keeps what it saw of a stream: after so many it is made anew.
const STREAMS: u32 = 1000;

/// Requests over which instructions and calls are averaged.
const COUNTED: u32 = 100;

fn main() -> Result<()> {
    let mut criterion = Criterion::default().configure_from_args();
    let mut table = String::from(
        "| filter | case | instructions | calls into the module | host calls |\n\
         |---|---|---:|---:|---:|\n",
    );
    for filter in filters()? {
        let executor = HostExecutor::new(&filter)?;
        let mut cases = load_cases(&filter.cases())?;
        cases.retain(|case| case.bench);
        ensure!(!cases.is_empty(), "no case of {} is marked `bench: true`", filter.name);
        for case in &cases {
            table.push_str(&format!(
                "| {} | {} |{} |\n",
                filter.name,
                case.name,
                count(&executor, case)?
            ));
            measure(&mut criterion, &executor, &filter.name, case)?;
        }
    }
    criterion.final_summary();
    writeln!(stdout(), "\nPer request:\n\n{table}").context("cannot print")
}

/// Instructions and calls per request, as cells of the table.
fn count(executor: &HostExecutor, case: &Case) -> Result<String> {
    let prepared = executor.prepare(case)?;
    // The first request pays for what is done once per VM, e.g. the seed of the draws.
    prepared.send(1).with_context(|| format!("{}: no answer", case.name))?;
    prepared.host().reset_counts();
    prepared.send(COUNTED);
    let counts = prepared.host().counts();
    let calls: u64 = counts.exports.values().map(|export| export.calls).sum();
    let each = |total: u64| total as f64 / f64::from(COUNTED);
    Ok(format!(
        " {:.0} | {:.1} | {:.1}",
        each(counts.fuel_total()),
        each(calls),
        each(counts.host_total())
    ))
}

/// The time of one exchange, host and all.
fn measure(
    criterion: &mut Criterion,
    executor: &HostExecutor,
    filter: &str,
    case: &Case,
) -> Result<()> {
    executor.prepare(case)?;
    criterion.bench_function(&format!("{filter}/{}", case.name), |bencher| {
        bencher.iter_custom(|iterations| {
            let (mut left, mut time) = (iterations, Duration::ZERO);
            while left > 0 {
                let batch = u32::try_from(left).unwrap_or(STREAMS).min(STREAMS);
                // It was made just before; without it the measured time would be 0 and Criterion fail.
                let Ok(prepared) = executor.prepare(case) else { return Duration::ZERO };
                let start = Instant::now();
                prepared.send(batch);
                time += start.elapsed();
                left -= u64::from(batch);
            }
            time
        });
    });
    Ok(())
}
