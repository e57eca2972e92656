//! Rows 7 to 9: connection pools, ejection, and both with retries.

use anyhow::Result;
use envoy_runner::{Answer, Request};
use std::thread;
use std::time::{Duration, Instant};

use crate::stage::{Stage, times, with_status, with_text};

/// How long one of preference's answers takes in row 7, so that clients meet there.
const WORK: Duration = Duration::from_millis(20);

/// Row 7.
pub(super) fn connection_pool(stage: &mut Stage) -> Result<()> {
    const EACH: usize = 20;
    stage.step("the page's pool")?;
    stage.mesh.tell("preference", &format!("/_mesh/delay/{}", WORK.as_millis()))?;
    let name = "cluster.preference.upstream_rq_pending_overflow";
    for clients in [1, 2, 3, 4, 20] {
        let before = stage.stat("customer", name)?;
        let requests = clients * EACH;
        let answers = stage.ask(requests, clients, |_| Request::get("/"))?;
        let refused = with_text(&answers, "customer => Error: 503 - upstream connect error");
        let overflow = stage.stat("customer", name)? - before;
        let what = format!("{clients} clients: 503 as `upstream_rq_pending_overflow` counts");
        stage.check_equal(&what, overflow, refused);
        let what = format!("{clients} clients: all others 200");
        stage.check_equal(&what, requests - refused, with_status(&answers, 200));
        let (expected, fits) = match clients {
            1 => ("none", refused == 0),
            // A worker of its own may have a connection of its own, whatever the maximum.
            2 | 3 => ("some or none", true),
            _ => ("some", refused > 0 && refused < requests),
        };
        stage.check(format!("{clients} clients: refused"), expected, refused, fits);
        let limit = WORK * 20;
        let served: Vec<&Answer> = answers.iter().filter(|one| one.status == Some(200)).collect();
        let slowest = times(served).into_iter().max().unwrap_or_default();
        let what = format!("{clients} clients: the slowest 200");
        stage.check(what, format!("< {limit:?}"), format!("{slowest:?}"), slowest < limit);
    }
    stage.mesh.tell("preference", "/_mesh/delay/0")?;
    Ok(())
}

/// Row 8.
pub(super) fn ejection(stage: &mut Stage) -> Result<()> {
    const BAD: &str = "recommendation-v2-b";
    stage.step("the page's ejection")?;
    let all = stage.ask(30, 1, |_| Request::get("/"))?;
    stage.check_equal("it behaves: errors of 30", 0, 30 - with_status(&all, 200));
    stage.mesh.tell(BAD, "/misbehave")?;
    let misbehaving = ask_for(stage, 15.0)?;
    let errors = |answers: &[(Duration, Answer)]| {
        answers.iter().filter(|(_, answer)| answer.status != Some(200)).count()
    };
    stage.check_equal("it misbehaves: errors within 15 s", 1, errors(&misbehaving));
    let ejections = "cluster.recommendation.outlier_detection.ejections_enforced_total";
    let active = "cluster.recommendation.outlier_detection.ejections_active";
    stage.check_equal("ejections", 1, stage.stat("preference", ejections)?);
    let from_bad = misbehaving.iter().filter(|(_, answer)| answer.text().contains(BAD)).count();
    stage.check_equal("answers of that instance, its one error", 1, from_bad);
    stage.mesh.tell(BAD, "/behave")?;
    let sent = Instant::now();
    // Ejections end at the next look of an interval.
    let limit = stage.mesh.scaled(5.0 + 1.0) + Duration::from_secs(1);
    while stage.stat("preference", active)? > 0 && sent.elapsed() < limit {
        thread::sleep(Duration::from_millis(20));
    }
    let after = stage.ask(60, 1, |_| Request::get("/"))?;
    let back = with_text(&after, BAD);
    stage.check("back afterwards: its answers of 60", "about a third", back, back >= 15);
    Ok(())
}

/// Asks one after the other for so many seconds of the page, and tells when each was asked.
fn ask_for(stage: &mut Stage, seconds: f64) -> Result<Vec<(Duration, Answer)>> {
    stage.doing(format_args!("requests for {:?}", stage.mesh.scaled(seconds)))?;
    let mut client = envoy_runner::Client::connect(stage.gateway()?)?;
    let (since, span) = (Instant::now(), stage.mesh.scaled(seconds));
    let mut answers = Vec::new();
    while since.elapsed() < span {
        answers.push((since.elapsed(), client.send(&Request::get("/"))));
        thread::sleep(Duration::from_millis(5));
    }
    Ok(answers)
}

/// Row 9.
pub(super) fn all_together(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 500;
    stage.step("all three")?;
    stage.mesh.tell("recommendation-v2-b", "/misbehave")?;
    let answers = stage.ask(REQUESTS, 1, |_| Request::get("/"))?;
    stage.mesh.tell("recommendation-v2-b", "/behave")?;
    stage.check_equal("503 at the caller", 0, REQUESTS - with_status(&answers, 200));
    let ejections = "cluster.recommendation.outlier_detection.ejections_enforced_total";
    let ejected = stage.stat("preference", ejections)?;
    stage.check("ejections meanwhile", "1 or more", ejected, ejected >= 1);
    let retried = stage.stat("preference", "cluster.recommendation.upstream_rq_retry_success")?;
    stage.check("retries that succeeded", "1 or more", retried, retried >= 1);
    Ok(())
}
