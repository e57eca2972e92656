//! Rows 1 to 3: aborts and delays, for a share of requests or for one user.

use anyhow::{Context as _, Result};
use envoy_runner::Request;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::stage::{Stage, times, with_status, with_text};

const COUNTER: &str = "wasmcustom.fault_injection.rule";

/// Row 1.
pub(super) fn abort_a_share(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 1000;
    for (step, rule, status, percent) in [
        ("50 % HTTP 503", "half", 503, 50.0),
        ("50 % HTTP 500", "half", 500, 50.0),
        ("10 % HTTP 500", "some", 500, 10.0),
    ] {
        stage.step(step)?;
        let name = format!("{COUNTER}.{rule}.aborts_injected");
        let before = stage.stat("recommendation", &name)?;
        let mark = stage.log_mark("recommendation")?;
        let answers = stage.ask(REQUESTS, 8, |_| Request::get("/"))?;
        let text =
            format!("customer => Error: 503 - preference => Error: {status} - fault filter abort");
        let aborted = with_text(&answers, &text);
        stage.check_share("answers that say `fault filter abort`", aborted, REQUESTS, percent);
        stage.check_equal("all others 200", REQUESTS - aborted, with_status(&answers, 200));
        let counted = stage.stat("recommendation", &name)? - before;
        stage.check_equal("the filter's counter of the rule", aborted, counted);
        let log = stage.log_since("recommendation", &mark, "inbound", REQUESTS)?;
        let details = format!("fault_injection.{rule}.abort");
        let logged = log.iter().filter(|entry| entry.text("details") == Some(&details)).count();
        stage.check_equal("access log: details with filter and rule", aborted, logged);
    }
    Ok(())
}

/// Row 2.
pub(super) fn delay_a_share(stage: &mut Stage) -> Result<()> {
    for (step, seconds, percent) in
        [("5 s on 100 %", 5.0, 100.0), ("7 s on 50 %", 7.0, 50.0), ("2 s on 100 %", 2.0, 100.0)]
    {
        const REQUESTS: usize = 60;
        stage.step(step)?;
        for instance in stage.mesh.instances("recommendation")? {
            stage.mesh.tell(&instance, "/_mesh/clear")?;
        }
        let sent: Vec<OnceLock<Instant>> = vec![OnceLock::new(); REQUESTS];
        let answers = stage.ask(REQUESTS, 20, |number| {
            if let Some(sent) = sent.get(number) {
                sent.get_or_init(Instant::now);
            }
            Request::get(format!("/{number}"))
        })?;
        stage.check_equal("all answer 200", REQUESTS, with_status(&answers, 200));
        let half = stage.mesh.scaled(seconds / 2.0);
        let (delayed, others): (Vec<_>, Vec<_>) =
            answers.iter().partition(|answer| answer.elapsed > half);
        stage.check_share("answers delayed", delayed.len(), REQUESTS, percent);
        stage.check_time("added to those", seconds, &times(delayed.iter().copied()));
        let slowest = times(others).into_iter().max().unwrap_or_default();
        let others_are_fast = slowest < half;
        stage.check(
            "the slowest of the others",
            format!("< {half:?}"),
            format!("{slowest:?}"),
            others_are_fast,
        );
        let early = called_before(stage, &sent, seconds)?;
        stage.check_equal(
            "calls of the application before the delay was over",
            REQUESTS - delayed.len(),
            early,
        );
    }
    Ok(())
}

/// How many requests the applications received before the delay of each can be over.
fn called_before(stage: &Stage, sent: &[OnceLock<Instant>], seconds: f64) -> Result<usize> {
    let mut early = 0;
    let delay = stage.mesh.scaled(seconds) - Duration::from_millis(20);
    for instance in stage.mesh.instances("recommendation")? {
        for received in stage.mesh.received(&instance)? {
            let number: usize = received.path.trim_start_matches('/').parse()?;
            let sent = sent.get(number).and_then(OnceLock::get).context("nobody sent it")?;
            let after = sent.elapsed().saturating_sub(Duration::from_millis(received.ago_ms));
            early += usize::from(after < delay);
        }
    }
    Ok(early)
}

/// Row 3.
pub(super) fn one_user_only(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 30;
    let page = || Request::get("/productpage");
    let visitor = |number: usize| match number % 3 {
        0 => page().header("end-user", "jason"),
        1 => page().header("end-user", "kate"),
        _ => page(),
    };
    for (step, is_delay) in [("7 s for jason", true), ("HTTP 500 for jason", false)] {
        stage.step(step)?;
        let answers = stage.ask(REQUESTS, REQUESTS, visitor)?;
        let (jason, others): (Vec<_>, Vec<_>) =
            answers.into_iter().enumerate().partition(|(number, _)| number % 3 == 0);
        let answers = |all: Vec<(usize, _)>| all.into_iter().map(|(_, answer)| answer).collect();
        let (jason, others): (Vec<_>, Vec<_>) = (answers(jason), answers(others));
        if is_delay {
            stage.check_time("jason waits", 7.0, &times(&jason));
        } else {
            let text = "ratings is currently unavailable: 500 - fault filter abort";
            stage.check_equal(
                "jason's pages without ratings",
                jason.len(),
                with_text(&jason, text),
            );
        }
        let slowest = times(&others).into_iter().max().unwrap_or_default();
        let limit = stage.mesh.scaled(3.5);
        let is_fast = slowest < limit;
        stage.check(
            "the slowest of all others",
            format!("< {limit:?}"),
            format!("{slowest:?}"),
            is_fast,
        );
        let whole = with_text(&others, "productpage => reviews => ratings v1 from 'ratings'");
        stage.check_equal("whole pages of all others", others.len(), whole);
        let after = stage.ask(1, 1, |_| page())?;
        let is_over = with_text(&after, "ratings v1 from") == 1;
        stage.check_equal("logged out, it is over", true, is_over);
    }
    Ok(())
}
