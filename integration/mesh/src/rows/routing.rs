//! Rows 10 to 14: who is sent to which version.

use anyhow::Result;
use envoy_runner::{Answer, Request};
use std::thread;
use std::time::{Duration, Instant};

use crate::stage::{Stage, with_status, with_text};

/// How answers of a version begin.
fn of_version(version: &str) -> String {
    format!("customer => preference => recommendation {version} from")
}

/// Row 10.
pub(super) fn canary(stage: &mut Stage) -> Result<()> {
    const USERS: usize = 1000;
    stage.hand_on_everything()?;
    let mut before: Vec<bool> = vec![false; USERS];
    for (step, percent) in [("90/10", 10.0), ("80/20", 20.0), ("50/50", 50.0), ("0/100", 100.0)] {
        stage.step(step)?;
        let answers = stage.ask(2 * USERS, 8, |number| {
            Request::get("/").header("end-user", format!("user-{}", number % USERS))
        })?;
        let is_second = |answer: &Answer| answer.text().contains(&of_version("v2"));
        let (first, again) = answers.split_at(USERS);
        let now: Vec<bool> = first.iter().map(is_second).collect();
        stage.check_share("users with v2", now.iter().filter(|v2| **v2).count(), USERS, percent);
        let same = again.iter().map(is_second).zip(&now).filter(|(a, b)| a == *b).count();
        stage.check_equal("users with the same version when they come again", USERS, same);
        let lost = before.iter().zip(&now).filter(|(before, now)| **before && !**now).count();
        stage.check_equal("users who lost v2 while its share was raised", 0, lost);
        stage.check_equal("answers 200", 2 * USERS, with_status(&answers, 200));
        before = now;
    }
    Ok(())
}

/// Row 12.
pub(super) fn by_identity(stage: &mut Stage) -> Result<()> {
    const EACH: usize = 20;
    stage.step("jason sees reviews v2")?;
    let page = || Request::get("/productpage");
    for (who, request, version) in [
        ("jason", page().header("end-user", "jason"), "v2"),
        ("kate", page().header("end-user", "kate"), "v1"),
        ("nobody", page(), "v1"),
        (
            "kate with a forged hint",
            page().header("end-user", "kate").header("x-route", "v2"),
            "v1",
        ),
    ] {
        let mark = stage.log_mark("productpage")?;
        let answers = stage.ask(EACH, 4, |_| request.clone())?;
        let log = stage.log_since("productpage", &mark, "outbound", EACH)?;
        let cluster = format!("reviews-{version}");
        let there = log.iter().filter(|entry| entry.text("cluster") == Some(&cluster)).count();
        let there = there.min(with_status(&answers, 200));
        stage.check_equal(&format!("{who}: pages with reviews {version}"), EACH, there);
    }
    Ok(())
}

/// Row 13.
pub(super) fn blue_green(stage: &mut Stage) -> Result<()> {
    stage.step("all to v1")?;
    let answers = stage.under_load(
        4,
        |_| Request::get("/"),
        |stage| {
            for (step, version) in [("all to v2", "v2"), ("back to v1", "v1")] {
                stage.step(step)?;
                let after = stage.ask(300, 4, |_| Request::get("/"))?;
                let there = with_text(&after, &of_version(version));
                stage.check_equal(&format!("answers of {version} after the switch"), 300, there);
            }
            Ok(())
        },
    )?;
    let lost = answers.len() - with_status(&answers, 200);
    stage.check(
        format!("lost of {} requests during both switches", answers.len()),
        0,
        lost,
        lost == 0 && answers.len() > 500,
    );
    Ok(())
}

/// Row 14.
pub(super) fn dark_launch(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 300;
    stage.step("all to v1, a copy to v2")?;
    let answers = stage.ask(REQUESTS, 4, |_| Request::get("/"))?;
    stage.check_equal("answers of v1", REQUESTS, with_text(&answers, &of_version("v1")));
    let deadline = Instant::now() + Duration::from_secs(5);
    let (copies, named) = loop {
        let mut received = Vec::new();
        for instance in ["recommendation-v2-a", "recommendation-v2-b"] {
            received.extend(stage.mesh.received(instance)?);
        }
        let is_named = |host: Option<&str>| host.is_some_and(|host| host.ends_with("-shadow"));
        let named = received.iter().filter(|one| is_named(one.header("host"))).count();
        if received.len() >= REQUESTS || Instant::now() > deadline {
            break (received.len(), named);
        }
        // Copies are sent without anybody waiting for them.
        thread::sleep(Duration::from_millis(20));
    };
    stage.check_equal("copies that v2 received", REQUESTS, copies);
    stage.check_equal("whose host ends in `-shadow`", REQUESTS, named);
    let hinted = stage.stat("preference", "wasmcustom.routing_hints.rule.dark.applied")?;
    stage.check("the filter's counter of the rule", REQUESTS, hinted, hinted >= REQUESTS);
    Ok(())
}

/// Row 11.
pub(super) fn by_header(stage: &mut Stage) -> Result<()> {
    const EACH: usize = 60;
    stage.step("Safari and Firefox to v2")?;
    for (browser, agent, version) in [
        (
            "Safari",
            "Mozilla/5.0 (Macintosh) AppleWebKit/605.1.15 Version/17.4 Safari/605.1.15",
            "v2",
        ),
        ("Firefox", "Mozilla/5.0 (X11; Linux x86_64; rv:125.0) Gecko/20100101 Firefox/125.0", "v2"),
        ("curl", "curl/8.5.0", "v1"),
    ] {
        let answers = stage.ask(EACH, 6, |_| Request::get("/").header("user-agent", agent))?;
        let there = with_text(&answers, &of_version(version));
        stage.check_equal(&format!("{browser}: answers of {version}"), EACH, there);
    }
    Ok(())
}
