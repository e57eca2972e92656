//! What is shown.

use anyhow::Result;
use envoy_runner::LoadReport;
use mesh::{Check, Door, Mesh, Played, Scenario, Soak};
use std::collections::BTreeMap;
use std::io::{Write as _, stdout};

/// The mesh and how to play with it.
pub(crate) fn what_to_try(mesh: &Mesh, scenarios: &BTreeMap<u32, Scenario>) -> Result<()> {
    let gateway = mesh.addr("gateway", Door::Http)?;
    let admin = mesh.envoy("customer")?.admin_addr();
    let mut out = stdout().lock();
    writeln!(
        out,
        "\nThe mesh runs: gateway, customer, preference, recommendation (v1, v2 twice), each"
    )?;
    writeln!(out, "with an Envoy of its own. Try, in another terminal:\n")?;
    writeln!(out, "  curl http://{gateway}/")?;
    let bad = mesh.addr("recommendation-v2-b", Door::App)?;
    writeln!(out, "  curl http://{bad}/misbehave        and /behave")?;
    writeln!(out, "  curl -s http://{admin}/stats/prometheus | grep filter=")?;
    writeln!(out, "\nIts files, which Envoy follows:")?;
    for (instance, envoy) in mesh.envoys() {
        writeln!(out, "  {instance:20} {}", envoy.directory().display())?;
    }
    writeln!(out, "\nScenarios, each `make mesh SCENARIO=<number>`:")?;
    for (row, scenario) in scenarios {
        writeln!(out, "  {row:2}  {:45} {}", scenario.title, scenario.by)?;
    }
    writeln!(out, "\nCtrl-C ends the mesh.")?;
    Ok(())
}

/// What is going to be played.
pub(crate) fn title(scenario: &Scenario, scale: f64) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "Row {}: {}, by {}", scenario.row, scenario.title, scenario.by)?;
    if scale < 1.0 {
        writeln!(out, "Times on the page are multiplied by {scale}.")?;
    }
    Ok(())
}

/// Expected and observed, side by side.
pub(crate) fn played(played: &Played) -> Result<()> {
    let Played { checks, skipped } = played;
    let mut out = stdout().lock();
    let mut step = None;
    let width = |of: fn(&Check) -> &String| {
        checks.iter().map(|check| of(check).chars().count()).max().unwrap_or_default()
    };
    let (what, expected) = (width(|check| &check.what), width(|check| &check.expected).max(8));
    for check in checks {
        if step != Some(&check.step) {
            step = Some(&check.step);
            writeln!(
                out,
                "\n{}\n       {:what$}  {:expected$}  observed",
                check.step, "", "expected"
            )?;
        }
        let mark = if check.passes { "pass" } else { "FAIL" };
        let Check { what: name, expected: due, observed, .. } = check;
        writeln!(out, "  {mark} {name:what$}  {due:expected$}  {observed}")?;
    }
    if let Some(why) = skipped {
        writeln!(out, "\nNot played: {why}.")?;
    }
    let failed = checks.iter().filter(|check| !check.passes).count();
    writeln!(out, "\n{} of {} as promised.", checks.len() - failed, checks.len())?;
    Ok(())
}

/// What came back to some traffic.
pub(crate) fn traffic(report: &LoadReport) -> Result<()> {
    let mut out = stdout().lock();
    let seconds = report.elapsed.as_secs_f64();
    writeln!(out, "{} requests in {seconds:.0} s", report.total())?;
    let because = |status| match status {
        200 => "passed, and answered by recommendation",
        403 => "refused by acl: /admin, and evil-bot",
        429 => "limited by rate_limit_quota: /scarce, and /shared",
        503 => "aborted by fault_injection: /flaky",
        _ => "not what one should see",
    };
    for (status, count) in &report.statuses {
        writeln!(out, "{count:7} x {status}  {}", because(*status))?;
    }
    for (how, count) in &report.failures {
        writeln!(out, "{count:7} x broken: {how}")?;
    }
    Ok(())
}

/// What a soak was like.
pub(crate) fn soak(soak: &Soak) -> Result<()> {
    let Soak { report, memory, checks } = soak;
    let mut out = stdout().lock();
    let seconds = report.elapsed.as_secs_f64();
    let rate = report.total() as f64 / seconds;
    writeln!(out, "{} requests in {seconds:.0} s, {rate:.0}/s", report.total())?;
    let at = |percent| report.percentile(percent).as_secs_f64() * 1000.0;
    writeln!(out, "latency p50 {:.2} ms, p99 {:.2} ms, longest {:.1} ms", at(50), at(99), at(100))?;
    let (least, most) = (memory.iter().min().unwrap_or(&0), memory.iter().max().unwrap_or(&0));
    let last = memory.last().unwrap_or(&0);
    writeln!(out, "Envoy's resident memory: {least} to {most} KiB, at the end {last} KiB")?;
    let checks = checks.clone();
    drop(out);
    played(&Played { checks, skipped: None })
}

/// The table's first lines.
pub(crate) fn table_head(scale: f64) -> Result<()> {
    let mut out = stdout().lock();
    writeln!(out, "Times on the pages are multiplied by {scale}.\n")?;
    writeln!(
        out,
        "| row | scenario | who does it | configuration | what | expected | observed | pass |"
    )?;
    writeln!(out, "|---:|---|---|---|---|---|---|---|")?;
    Ok(())
}

/// One row: the checks that speak for it, or what went wrong.
pub(crate) fn table_row(row: u32, scenario: &Scenario, outcome: &Result<Played>) -> Result<()> {
    let mut out = stdout().lock();
    let Scenario { title, by, .. } = scenario;
    let checks = match outcome {
        Ok(Played { skipped: Some(why), .. }) => {
            writeln!(
                out,
                "| {row} | {title} | {by} | | it can be played | | {why} | **skipped** |"
            )?;
            return Ok(());
        }
        Ok(played) => &played.checks,
        Err(error) => {
            let error = format!("{error:#}").replace('\n', " ");
            writeln!(out, "| {row} | {title} | {by} | | it can be played | | {error} | **no** |")?;
            return Ok(());
        }
    };
    let (mut row, mut title, mut by) = (row.to_string(), title.as_str(), by.as_str());
    let mut last = None;
    for Check { step, what, expected, observed, passes, .. } in checks {
        let shown = if last == Some(step) { "" } else { step };
        let pass = if *passes { "yes" } else { "**no**" };
        writeln!(
            out,
            "| {row} | {title} | {by} | {shown} | {what} | {expected} | {observed} | {pass} |"
        )?;
        (row, title, by, last) = (String::new(), "", "", Some(step));
    }
    Ok(())
}
