//! Rows 15, 19, 20 and 25: who may call whom.

use anyhow::Result;
use envoy_runner::{Answer, Client, Request};

use crate::stage::{Stage, with_text};
use crate::table::Door;

/// What an answer is, in a few words.
fn told(answer: &Answer) -> String {
    let status = answer.status.map_or_else(|| format!("{:?}", answer.end), |it| it.to_string());
    format!("{status} {}", answer.text().trim_end())
}

/// Row 15.
pub(super) fn egress(stage: &mut Stage) -> Result<()> {
    for (step, expected) in [("no rule for httpbin.org", 404), ("a rule for httpbin.org", 200)] {
        stage.step(step)?;
        // As from a shell in customer's pod: its sidecar takes what leaves.
        let outbound = stage.mesh.addr("customer", Door::Outbound)?;
        let answer = Client::once(outbound, &Request::get("/headers").authority("httpbin.org"))?;
        stage.check_equal("httpbin.org/headers", expected, answer.status.unwrap_or_default());
        let other = Client::once(outbound, &Request::get("/").authority("example.org"))?;
        let what = "example.org, which nobody listed";
        stage.check_equal(what, "404 no such host".to_owned(), told(&other));
        let answers = stage.ask(20, 4, |_| Request::get("/"))?;
        let whole = with_text(&answers, "customer => preference => recommendation");
        stage.check_equal("calls within the mesh that go through, of 20", 20, whole);
    }
    Ok(())
}

/// Row 19.
pub(super) fn deny_list(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 50;
    stage.step("customer may not call preference")?;
    let counter = "wasmcustom.acl.rule.denycustomerhandler.denied";
    let before = stage.stat("preference", counter)?;
    let mark = stage.log_mark("preference")?;
    let answers = stage.ask(REQUESTS, 4, |_| Request::get("/"))?;
    let text = "customer => Error: 403 - PERMISSION_DENIED:denycustomerhandler.denier.tutorial:Not allowed";
    stage.check_equal("answers with Mixer's text", REQUESTS, with_text(&answers, text));
    let denied = stage.stat("preference", counter)? - before;
    stage.check_equal("the filter's counter of the rule", REQUESTS, denied);
    let log = stage.log_since("preference", &mark, "inbound", REQUESTS)?;
    let details = Some("acl.denycustomerhandler.denied");
    let logged = log.iter().filter(|entry| entry.text("details") == details).count();
    stage.check_equal("access log: details with filter and rule", REQUESTS, logged);
    others_pass(stage, "recommendation")
}

/// Row 20.
pub(super) fn allow_list(stage: &mut Stage) -> Result<()> {
    const REQUESTS: usize = 50;
    stage.step("only recommendation may call preference")?;
    let answers = stage.ask(REQUESTS, 4, |_| Request::get("/"))?;
    let text = "customer => Error: 404 - NOT_FOUND:preferencewhitelist.listchecker.tutorial:customer is not whitelisted";
    stage.check_equal("answers with Mixer's text", REQUESTS, with_text(&answers, text));
    others_pass(stage, "recommendation")
}

/// A call of preference by another application, through that one's sidecar.
fn others_pass(stage: &mut Stage, caller: &str) -> Result<()> {
    let instance = stage.mesh.instances(caller)?.swap_remove(0);
    let outbound = stage.mesh.addr(&instance, Door::Outbound)?;
    let answer = Client::once(outbound, &Request::get("/").authority("preference"))?;
    let begin = "200 preference => recommendation";
    let observed = told(&answer);
    let passes = observed.starts_with(begin);
    stage.check(format!("a call of {caller}"), begin, observed, passes);
    Ok(())
}

/// Row 25.
pub(super) fn mutual_tls(stage: &mut Stage) -> Result<()> {
    stage.mesh.make_certificates()?;
    stage.step("only customer may call preference")?;
    let answers = stage.ask(50, 4, |_| Request::get("/"))?;
    let whole = "customer => preference => recommendation";
    stage.check_text("customer's calls that go through", &answers, whole);
    let handshakes = stage.stat("preference", "http.inbound.downstream_cx_ssl_total")?;
    stage.check("connections to preference with TLS", "1 or more", handshakes, handshakes >= 1);

    let call = |stage: &Stage, instance: &str| -> Result<Answer> {
        let outbound = stage.mesh.addr(instance, Door::Outbound)?;
        Client::once(outbound, &Request::get("/").authority("preference"))
    };
    let denied = call(stage, "recommendation-v1")?;
    stage.check_equal("an identity that is not listed", 403, denied.status.unwrap_or_default());
    let inbound = stage.mesh.addr("preference", Door::Inbound)?;
    let failures = format!("listener.{}_{}.ssl.fail_verify_error", inbound.ip(), inbound.port());
    let stranger = call(stage, "recommendation-v2-a")?;
    stage.check_equal("a certificate of somebody else", 503, stranger.status.unwrap_or_default());
    let failed = stage.stat("preference", &failures)?;
    stage.check("handshakes that preference refused", "1 or more", failed, failed >= 1);
    let plain = Client::once(inbound, &Request::get("/"))?;
    stage.check_equal("plain text: answers", 0, plain.status.iter().len());
    Ok(())
}
