//! Rows 4 to 6: time-outs and retries.

use anyhow::Result;
use envoy_runner::Request;

use crate::stage::{Stage, times, with_status, with_text};

/// Row 4.
pub(super) fn delay_hits_a_timeout(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 10;
    stage.step("7 s, productpage allows 6 s, reviews 10 s")?;
    let mark = stage.log_mark("productpage")?;
    let answers = stage
        .ask(REQUESTS, REQUESTS, |_| Request::get("/productpage").header("end-user", "jason"))?;
    stage.check_time("jason's page comes", 6.0, &times(&answers));
    let text = "reviews is currently unavailable: 504 - upstream request timeout";
    stage.check_equal("pages with `reviews is unavailable`", REQUESTS, with_text(&answers, text));
    let log = stage.log_since("productpage", &mark, "outbound", REQUESTS)?;
    let timed_out = |entry: &&envoy_runner::AccessLogEntry| {
        entry.number("code") == Some(504) && entry.text("flags") == Some("UT")
    };
    stage.check_equal(
        "504 (UT) in the caller's log",
        REQUESTS,
        log.iter().filter(timed_out).count(),
    );
    let others = stage.ask(REQUESTS, REQUESTS, |_| Request::get("/productpage"))?;
    stage.check_equal("whole pages of others", REQUESTS, with_text(&others, "ratings v1 from"));
    Ok(())
}

/// Row 5.
pub(super) fn request_timeout(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 10;
    stage.step("0.5 s, asked twice, on a 2 s service")?;
    stage.mesh.tell("productpage", "/_mesh/attempts/2")?;
    let answers = stage.ask(REQUESTS, REQUESTS, |_| Request::get("/productpage"))?;
    stage.mesh.tell("productpage", "/_mesh/attempts/1")?;
    stage.check_time("the page comes", 1.0, &times(&answers));
    let text = "reviews is currently unavailable: 504 - upstream request timeout";
    stage.check_equal("pages with `reviews is unavailable`", REQUESTS, with_text(&answers, text));

    let delay = stage.mesh.scaled(3.0).as_millis();
    for instance in stage.mesh.instances("recommendation")? {
        stage.mesh.tell(&instance, &format!("/_mesh/delay/{delay}"))?;
    }
    for step in ["1 s on a 3 s service", "1 s, by a hint"] {
        stage.step(step)?;
        let answers = stage.ask(REQUESTS, REQUESTS, |_| Request::get("/"))?;
        stage.check_time("the answer comes", 1.0, &times(&answers));
        let text = "preference => Error: 504 - upstream request timeout";
        stage.check_equal("answers with that 504", REQUESTS, with_text(&answers, text));
    }
    Ok(())
}

/// Row 6.
pub(super) fn retries_hide_faults(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 1000;
    stage.step("5 % HTTP 503, attempts 3, perTryTimeout 2 s")?;
    let aborts = "wasmcustom.fault_injection.rule.now-and-then.aborts_injected";
    let retries = "cluster.recommendation.upstream_rq_retry";
    let before = (stage.stat("recommendation", aborts)?, stage.stat("preference", retries)?);
    let answers = stage.ask(REQUESTS, 8, |_| Request::get("/"))?;
    let injected = stage.stat("recommendation", aborts)? - before.0;
    let retried = stage.stat("preference", retries)? - before.1;
    stage.check_equal("errors that the caller sees", 0, REQUESTS - with_status(&answers, 200));
    stage.check_share("faults injected meanwhile", injected, REQUESTS + retried, 5.0);
    stage.check_equal("retries, one for each", injected, retried);
    Ok(())
}
