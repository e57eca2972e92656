//! Row 16: who is asked among several that could be.

use anyhow::Result;
use envoy_runner::{Answer, Request};
use std::collections::{BTreeMap, BTreeSet};

use crate::stage::{Stage, with_text};
use crate::table::Door;

const INSTANCES: [&str; 3] = ["recommendation-v1", "recommendation-v2-a", "recommendation-v2-b"];

/// Row 16.
pub(super) fn policies(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 900;
    stage.step("ROUND_ROBIN")?;
    let answers = stage.ask(REQUESTS, 4, |_| Request::get("/"))?;
    for instance in INSTANCES {
        let seen = with_text(&answers, instance);
        // Each worker goes round for itself.
        let fits = seen.abs_diff(REQUESTS / 3) <= 4;
        stage.check(format!("{instance} of {REQUESTS}"), "300 ± 4", seen, fits);
    }

    stage.step("RANDOM")?;
    let answers = stage.ask(REQUESTS, 4, |_| Request::get("/"))?;
    for instance in INSTANCES {
        stage.check_share(instance, with_text(&answers, instance), REQUESTS, 100.0 / 3.0);
    }

    stage.step("LEAST_CONN")?;
    stage.mesh.tell("recommendation-v1", "/_mesh/delay/50")?;
    let answers = stage.ask(REQUESTS, 8, |_| Request::get("/"))?;
    stage.mesh.tell("recommendation-v1", "/_mesh/delay/0")?;
    let busy = with_text(&answers, "recommendation-v1");
    stage.check("the busy one of 900", "< 150 (a fair third is 300)", busy, busy < 150);

    stage.step("consistent hash on the source IP")?;
    let addr = stage.mesh.addr("customer", Door::Inbound)?;
    let source = |number: usize| format!("10.0.0.{}", number % 30);
    let answers = stage.ask_at(addr, REQUESTS, 4, |number| {
        Request::get("/").header("x-forwarded-for", source(number))
    })?;
    let mut hosts: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
    for (number, answer) in answers.iter().enumerate() {
        hosts.entry(source(number)).or_default().extend(instance_of(answer));
    }
    let sticky = hosts.values().filter(|hosts| hosts.len() == 1).count();
    stage.check_equal("of 30 source addresses, asked 30 times each, with one host", 30, sticky);
    let used: BTreeSet<&str> = hosts.into_values().flatten().collect();
    stage.check_equal("hosts in use", 3, used.len());
    Ok(())
}

/// The instance that answered.
fn instance_of(answer: &Answer) -> Option<&'static str> {
    let text = answer.text();
    INSTANCES.into_iter().find(|instance| text.contains(&format!("'{instance}'")))
}
