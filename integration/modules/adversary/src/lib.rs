//! A filter that tries, through the contract, everything that ends an Envoy or splits a response.
//!
//! The request header `x-try` names the attempt. What a test expects is that Envoy lives, and that
//! the answer is the one the attempt's first terminal action asked for.
//!
//! The configuration is a word: the name of a cluster to call every few milliseconds, nothing for
//! no calls, or `quiet` for no timer at all until a stream is held.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a module has a host"))]

mod attempt;
mod calls;

use attempt::Attempt;
use calls::Calls;
use filter_api::{
    BodyChunk, BodyDecision, BodyVerdict, Callbacks, CalloutResult, ConfigError, Decision, Effects,
    Environment, FailureMode, HOST_ERRORS, HeaderName, HeaderValue, HttpFilter, LocalReply,
    MetricRegistry, RequestHead, ResponseHead, ResponseInterest, RootDecision, Side, Stat, Verdict,
};
use std::rc::Rc;
use std::time::Duration;

/// The shortest hold there is.
const MOMENT: Duration = Duration::from_millis(1);
/// Longer than any test.
const FOR_EVER: Duration = Duration::from_secs(3600);
/// How often [`Attempt::HoldAgainAndAgain`] is held.
const HOLDS: u32 = 10;

struct Adversary {
    calls: Calls,
}

#[derive(Default)]
struct Stream {
    attempt: Attempt,
    deadlines: u32,
    pieces: u32,
}

fn reply(body: &str) -> Decision {
    match LocalReply::new(418, "adversary reply\r\nwith a break") {
        Ok(reply) => seeing_all(Verdict::Reply(Rc::new(reply.with_body(body)))),
        Err(_) => Decision::pass(),
    }
}

/// A decision that wants to be asked again at every opportunity.
fn seeing_all(verdict: Verdict) -> Decision {
    let interest = ResponseInterest::HeadersAndBody;
    Decision { interest, ..Decision::of(verdict) }
}

/// Tells what the contract said to headers that would split the response.
fn split() -> Decision {
    let value = HeaderValue::new("a\r\nset-cookie: stolen=1");
    let name = HeaderName::new("x\r\ny");
    let empty = HeaderName::new("");
    let refused = value.is_err() && name.is_err() && empty.is_err();
    reply(if refused { "refused" } else { "split" })
}

impl HttpFilter for Adversary {
    const NAME: &'static str = "adversary";
    const CALLBACKS: Callbacks = Callbacks::REQUEST_HEADERS
        .and(Callbacks::RESPONSE_HEADERS)
        .and(Callbacks::RESPONSE_BODY)
        .and(Callbacks::CALLOUTS)
        .and(Callbacks::STREAM_END);
    const STATS: &'static [&'static Stat] = &[&calls::MADE, &calls::ENDED, &HOST_ERRORS];
    const FAILURE_MODE: FailureMode = FailureMode::Allow;
    type Stream = Stream;

    fn configure(config: &[u8], metrics: &mut dyn MetricRegistry) -> Result<Self, ConfigError> {
        Ok(Self { calls: Calls::configure(config, metrics)? })
    }

    fn summary(&self) -> String {
        "will try everything".to_owned()
    }

    fn needs_request_headers(&self) -> bool {
        true
    }

    fn on_start(&self, _: &mut dyn Environment) -> RootDecision {
        // Every worker calls, and goes on calling, while streams are held and resumed.
        RootDecision { wake_after: self.calls.period(), ..RootDecision::default() }
    }

    fn on_root_deadline(&self, _: &mut dyn Environment) -> RootDecision {
        self.calls.make()
    }

    fn on_callout(&self, _: &CalloutResult<'_>, _: &mut dyn Environment) -> RootDecision {
        self.calls.ended()
    }

    fn on_request_headers(
        &self,
        stream: &mut Stream,
        request: &RequestHead<'_>,
        _: &mut dyn Environment,
    ) -> Decision {
        stream.attempt = Attempt::named(request.headers().first(b"x-try").unwrap_or_default());
        match stream.attempt {
            Attempt::HoldAgainAndAgain | Attempt::ReplyAtDeadline | Attempt::ResetHeld => {
                seeing_all(Verdict::StopIteration(Duration::ZERO))
            }
            Attempt::HoldForEver => seeing_all(Verdict::StopIteration(FOR_EVER)),
            Attempt::ReplyThenReset => reply("replied"),
            Attempt::ResetTwice => seeing_all(Verdict::Reset),
            Attempt::Split => split(),
            _ => seeing_all(Verdict::Continue),
        }
    }

    fn on_deadline(&self, stream: &mut Stream, side: Side, _: &mut dyn Environment) -> Decision {
        stream.deadlines += 1;
        match (stream.attempt, side) {
            (Attempt::HoldAgainAndAgain, _) if stream.deadlines < HOLDS => {
                seeing_all(Verdict::StopIteration(Duration::ZERO))
            }
            (Attempt::ReplyAtDeadline, _) | (Attempt::EndHeldResponse, Side::Response) => {
                reply("at the deadline")
            }
            (Attempt::ResetHeld, _) => seeing_all(Verdict::Reset),
            _ => seeing_all(Verdict::Continue),
        }
    }

    fn on_response_headers(
        &self,
        stream: &mut Stream,
        _: &ResponseHead<'_>,
        _: &mut dyn Environment,
    ) -> Decision {
        match stream.attempt {
            Attempt::HoldResponse | Attempt::EndHeldResponse => {
                seeing_all(Verdict::StopIteration(MOMENT))
            }
            Attempt::HoldResponseForEver => seeing_all(Verdict::StopIteration(FOR_EVER)),
            Attempt::ReplyAtResponse => reply("in its stead"),
            Attempt::CutBody => Decision { rewrites_body: true, ..seeing_all(Verdict::Continue) },
            // None of these is asked once the stream was replied to or reset.
            Attempt::ReplyThenReset
            | Attempt::ReplyAtDeadline
            | Attempt::ResetTwice
            | Attempt::ResetHeld
            | Attempt::ResetResponseTwice => seeing_all(Verdict::Reset),
            _ => seeing_all(Verdict::Continue),
        }
    }

    fn on_response_body(
        &self,
        stream: &mut Stream,
        _: BodyChunk,
        _: &mut dyn Environment,
    ) -> BodyDecision {
        stream.pieces += 1;
        BodyDecision::of(match stream.attempt {
            Attempt::None | Attempt::Split | Attempt::HoldAgainAndAgain => BodyVerdict::Continue,
            Attempt::CutBody if stream.pieces == 1 => BodyVerdict::Keep(1),
            Attempt::HoldResponse => BodyVerdict::StopIteration(MOMENT),
            Attempt::HoldResponseForEver => BodyVerdict::StopIteration(FOR_EVER),
            _ => BodyVerdict::Reset,
        })
    }

    fn on_stream_end(&self, _: &mut Stream, _: &mut dyn Environment) -> Effects {
        // A terminal action here would end the process; there is no way to say one.
        let mut effects = Effects::default();
        effects.publish("adversary", "too late".into());
        effects
    }
}

filter_wasm::export!(Adversary);
