//! Row 22: what a dashboard is made of.

use anyhow::Result;
use envoy_runner::Request;

use crate::stage::{Stage, with_status};
use crate::table::Door;

/// What is sent, how often, what comes back, and which metric says so.
const DECISIONS: [(&str, usize, u16, &str); 4] = [
    ("/admin", 7, 403, r#"acl_denied{rule="no-admin",filter="acl"}"#),
    (
        "/flaky",
        11,
        503,
        r#"fault_injection_aborts_injected{rule="flaky",filter="fault_injection"}"#,
    ),
    ("/beta", 13, 200, r#"routing_hints_applied{rule="beta",filter="routing_hints"}"#),
    ("/scarce", 17, 200, r#"rate_limit_quota_ok{rule="scarce",filter="rate_limit_quota"}"#),
];

/// Of `/scarce`, so many are admitted in a minute.
const ADMITTED: usize = 5;

/// Row 22.
pub(super) fn by_rule(stage: &mut Stage) -> Result<()> {
    stage.step("every filter decides")?;
    let before = stage.mesh.envoy("customer")?.prometheus()?;
    let addr = stage.mesh.addr("customer", Door::Inbound)?;
    let agent = |path: &str, agent: &str| Request::get(path).header("user-agent", agent);
    for (path, count, status, metric) in DECISIONS {
        let answers = stage.ask_at(addr, count, 1, |_| agent(path, "browser"))?;
        let due = if path == "/scarce" { ADMITTED } else { count };
        stage.check_equal(
            &format!("{count} × {path}: answers {status}"),
            due,
            with_status(&answers, status),
        );
        check_metric(stage, &before, metric, due)?;
    }
    check_metric(
        stage,
        &before,
        r#"rate_limit_quota_over_limit{rule="scarce",filter="rate_limit_quota"}"#,
        17 - ADMITTED,
    )?;
    let bots = stage.ask_at(addr, 3, 1, |_| agent("/", "evil-bot"))?;
    stage.check_equal("3 bots: answers 403", 3, with_status(&bots, 403));
    check_metric(stage, &before, r#"acl_denied{rule="bots",filter="acl"}"#, 3)?;
    let all = 7 + 11 + 13 + 17 + 3;
    check_metric(
        stage,
        &before,
        r#"trace_propagation_contexts_generated{filter="trace_propagation"}"#,
        all,
    )?;
    for (class, due) in [("4", 7 + 12 + 3), ("5", 11)] {
        let metric = format!(
            r#"envoy_http_downstream_rq_xx{{envoy_response_code_class="{class}",envoy_http_conn_manager_prefix="inbound"}}"#
        );
        check_metric(stage, &before, &metric, due)?;
    }
    Ok(())
}

/// Compares by how much a line of customer's `/stats/prometheus` has grown.
fn check_metric(stage: &mut Stage, before: &str, metric: &str, due: usize) -> Result<()> {
    let page = stage.mesh.envoy("customer")?.prometheus()?;
    let observed = match value(&page, metric) {
        Some(now) => now.saturating_sub(value(before, metric).unwrap_or_default()).to_string(),
        None => "no such line".to_owned(),
    };
    stage.check_equal(metric, due.to_string(), observed);
    Ok(())
}

fn value(page: &str, metric: &str) -> Option<usize> {
    page.lines().find_map(|line| line.strip_prefix(metric))?.trim().parse().ok()
}
