//! All filters in one chain under the highest load that this machine holds, for as long as wanted.

use anyhow::{Context as _, Result};
use envoy_runner::{LoadReport, Paced};
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use crate::mesh::Mesh;
use crate::progress::Progress;
use crate::scenario::Step;
use crate::stage::Check;
use crate::table::Door;
use crate::traffic::request;

/// More than can be kept up with: each connection sends as soon as it has its answer.
const LOAD: Paced =
    Paced { connections: 16, per_second: 100_000, timeout: Duration::from_secs(30) };
/// How often memory is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Memory may be so much greater in the last fifth than in the second: a tenth, and what an allocator
/// may keep, in KiB.
const GROWTH: (u64, u64) = (10, 8 * 1024);

/// What came of it.
#[derive(Clone, Debug)]
pub struct Soak {
    /// The load's own figures.
    pub report: LoadReport,
    /// Envoy's resident memory once a second, in KiB.
    pub memory: Vec<u64>,
    /// What was compared.
    pub checks: Vec<Check>,
}

/// Lets the gateway serve by `step` under load for this long.
///
/// # Errors
/// A process does not get ready, or the traffic cannot be sent.
pub fn soak(
    mesh: &mut Mesh,
    step: &Step,
    length: Duration,
    progress: &mut Progress,
) -> Result<Soak> {
    mesh.start(&["egress".to_owned()])?;
    mesh.apply(step)?;
    let addr = mesh.addr("gateway", Door::Http)?;
    let process = mesh.envoy("gateway")?.id();
    let (report, memory) = LOAD.run(addr, request, || {
        let since = Instant::now();
        let mut memory = Vec::new();
        while since.elapsed() < length {
            thread::sleep(LOOK_EVERY.min(length));
            memory.push(resident(process)?);
            progress.show(&format!("soak: {} KiB resident", memory.last().unwrap_or(&0)))?;
        }
        Ok(memory)
    })?;
    progress.clear()?;
    let mut checks = decisions(mesh, &report)?;
    checks.push(flat(&memory));
    checks.push(reloads(mesh)?);
    mesh.ensure_unharmed()?;
    Ok(Soak { report, memory, checks })
}

/// The answers by status, and the filters' counters that explain them.
fn decisions(mesh: &Mesh, report: &LoadReport) -> Result<Vec<Check>> {
    let gateway = mesh.envoy("gateway")?;
    let counted = |names: &[&str]| -> Result<usize> {
        let mut sum = 0;
        for name in names {
            sum += gateway.stat(&format!("wasmcustom.{name}"))?;
        }
        Ok(usize::try_from(sum)?)
    };
    let mut explained = 0;
    let mut checks = Vec::new();
    for (status, names) in [
        (403, ["acl.rule.no-admin.denied", "acl.list.bots.denied"].as_slice()),
        (429, &["rate_limit_quota.quota.scarce.over_limit"]),
        (503, &["fault_injection.rule.flaky.aborts_injected"]),
    ] {
        let (due, seen) = (counted(names)?, report.count(status));
        explained += seen;
        let what = format!("{status}, as the filters' counters say");
        checks.push(check(&what, &due.to_string(), &seen.to_string(), due == seen && seen > 0));
    }
    let passed = report.total() - explained;
    let seen = report.count(200);
    checks.push(check("200, all others", &passed.to_string(), &seen.to_string(), passed == seen));
    let delayed = counted(&["fault_injection.rule.slow.delays_injected"])?;
    checks.push(check("delays injected", "some", &delayed.to_string(), delayed > 0));
    let failures: usize = report.failures.values().sum();
    checks.push(check("exchanges that broke", "0", &failures.to_string(), failures == 0));
    let errors = gateway.stats("host_errors$")?.values().sum::<u64>();
    checks.push(check("host calls that failed", "0", &errors.to_string(), errors == 0));
    Ok(checks)
}

fn flat(memory: &[u64]) -> Check {
    let fifth = (memory.len() / 5).max(1);
    let mean =
        |part: &[u64]| part.iter().sum::<u64>() / u64::try_from(part.len().max(1)).unwrap_or(1);
    let early = mean(memory.get(fifth..2 * fifth).unwrap_or(memory));
    let late = mean(memory.get(memory.len().saturating_sub(fifth)..).unwrap_or(memory));
    let (tenth, kept) = GROWTH;
    let limit = early + early / tenth + kept;
    check(
        "memory at the end, in KiB, against the second fifth",
        &format!("{early}, at most {limit}"),
        &late.to_string(),
        early > 0 && late <= limit,
    )
}

fn reloads(mesh: &Mesh) -> Result<Check> {
    let reloads = mesh.envoy("gateway")?.stats("vm_reload")?.values().sum::<u64>();
    Ok(check("VMs that were made anew", "0", &reloads.to_string(), reloads == 0))
}

fn check(what: &str, expected: &str, observed: &str, passes: bool) -> Check {
    Check {
        step: "soak".to_owned(),
        what: what.to_owned(),
        expected: expected.to_owned(),
        observed: observed.to_owned(),
        passes,
        is_drawn: false,
    }
}

/// The resident memory of a process, in KiB.
fn resident(process: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let size = line.and_then(|line| line.split_whitespace().next()).context("no VmRSS")?;
    Ok(size.parse()?)
}

#[cfg(test)]
mod tests {
    use super::flat;

    #[test]
    fn memory_that_grows_is_noticed() {
        let steady: Vec<u64> = (0..100).map(|second| 90_000 + second % 7).collect();
        assert!(flat(&steady).passes);
        let leak: Vec<u64> = (0..100).map(|second| 90_000 + second * 400).collect();
        assert!(!flat(&leak).passes);
        assert!(!flat(&[]).passes, "nothing was seen");
    }
}
