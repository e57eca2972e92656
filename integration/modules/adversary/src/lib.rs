//! A filter that tries, through the contract, everything that ends an Envoy or splits a response.
//!
//! The request header `x-try` names the attempt. What a test expects is that Envoy lives, and that
//! the answer is the one the attempt's first terminal action asked for.

use filter_api::{
    BodyChunk, BodyDecision, BodyVerdict, Callbacks, Callout, CalloutResult, Cluster, ConfigError,
    Decision, Effects, Environment, FailureMode, HttpFilter, LocalReply, MetricRegistry,
    RequestHead, ResponseHead, ResponseInterest, RootDecision, Side, Stat, Verdict,
};
use filter_api::{HOST_ERRORS, HeaderName, HeaderValue};
use std::rc::Rc;
use std::time::Duration;

/// One millisecond: the shortest hold there is.
const MOMENT: Duration = Duration::from_millis(1);

struct Adversary {
    cluster: Option<Cluster>,
}

#[derive(Clone, Copy, Default, PartialEq)]
enum Attempt {
    /// Hold the response's headers, then reply, then reset, then resume.
    EndHeldResponse,
    /// Hold the request, and again at each of ten deadlines, then let it go.
    HoldAgainAndAgain,
    /// Hold the response without having held the request.
    HoldResponse,
    #[default]
    None,
    /// Reply, and reset our own reply on its way out.
    ReplyThenReset,
    /// Reset, and then at every later callback again.
    ResetTwice,
    /// Reset the response at its headers and at each piece of its body.
    ResetResponseTwice,
    /// Hold the request, reset it at the deadline, and reply as well.
    ResetHeld,
    /// A reply with a line break in a header.
    Split,
}

#[derive(Default)]
struct Stream {
    attempt: Attempt,
    deadlines: u32,
}

fn reply(status: u16, body: &str) -> Decision {
    let reply = LocalReply::new(status, "adversary reply\r\nwith a break");
    match reply {
        Ok(reply) => Decision::of(Verdict::Reply(Rc::new(reply.with_body(body)))),
        Err(_) => Decision::pass(),
    }
}

fn seeing_all(verdict: Verdict) -> Decision {
    let interest = ResponseInterest::HeadersAndBody;
    Decision { interest, ..Decision::of(verdict) }
}

/// 200 with what the contract said to a header that would split the response.
fn split() -> Decision {
    let value = HeaderValue::new("a\r\nset-cookie: stolen=1");
    let name = HeaderName::new("x\r\ny");
    let empty = HeaderName::new("");
    let refused = [value.is_err(), name.is_err(), empty.is_err()].iter().all(|refused| *refused);
    reply(200, if refused { "refused" } else { "split" })
}

impl HttpFilter for Adversary {
    const NAME: &'static str = "adversary";
    const CALLBACKS: Callbacks = Callbacks::REQUEST_HEADERS
        .and(Callbacks::RESPONSE_HEADERS)
        .and(Callbacks::RESPONSE_BODY)
        .and(Callbacks::CALLOUTS)
        .and(Callbacks::LOG);
    const STATS: &'static [&'static Stat] = &[&HOST_ERRORS];
    const FAILURE_MODE: FailureMode = FailureMode::Allow;
    type Stream = Stream;

    fn configure(config: &[u8], _: &mut dyn MetricRegistry) -> Result<Self, ConfigError> {
        let name = String::from_utf8_lossy(config);
        // An empty service name ends the process; the contract has no such cluster.
        let cluster = Cluster::new(name.trim());
        if cluster.is_ok() == name.trim().is_empty() {
            return Err(ConfigError::new("", "an empty cluster name was taken for one"));
        }
        Ok(Self { cluster: cluster.ok() })
    }

    fn summary(&self) -> String {
        "will try everything".to_owned()
    }

    fn needs_request_headers(&self) -> bool {
        true
    }

    fn on_start(&self, _: &mut dyn Environment) -> RootDecision {
        // Every worker calls, and goes on calling, while streams are held and resumed.
        RootDecision { wake_after: Some(MOMENT), ..RootDecision::default() }
    }

    fn on_root_deadline(&self, _: &mut dyn Environment) -> RootDecision {
        let grpc = self.cluster.clone().map(|cluster| Callout::Grpc {
            tag: 1,
            cluster,
            service: "nobody.Here".to_owned(),
            method: "Call".to_owned(),
            message: Vec::new(),
            timeout: Duration::ZERO,
        });
        let http = self.cluster.clone().map(|cluster| Callout::HttpGet {
            tag: 2,
            cluster,
            authority: "nobody".to_owned(),
            path: "/".to_owned(),
            headers: Vec::new(),
            timeout: MOMENT,
        });
        RootDecision {
            wake_after: Some(Duration::from_millis(5)),
            callouts: grpc.into_iter().chain(http).collect(),
            effects: Effects::default(),
        }
    }

    fn on_callout(&self, _: &CalloutResult<'_>, _: &mut dyn Environment) -> RootDecision {
        RootDecision::default()
    }

    fn on_request_headers(
        &self,
        stream: &mut Stream,
        request: &RequestHead<'_>,
        _: &mut dyn Environment,
    ) -> Decision {
        stream.attempt = match request.headers().first(b"x-try") {
            Some(b"end-held-response") => Attempt::EndHeldResponse,
            Some(b"hold-again-and-again") => Attempt::HoldAgainAndAgain,
            Some(b"hold-response") => Attempt::HoldResponse,
            Some(b"reply-then-reset") => Attempt::ReplyThenReset,
            Some(b"reset-twice") => Attempt::ResetTwice,
            Some(b"reset-response-twice") => Attempt::ResetResponseTwice,
            Some(b"reset-held") => Attempt::ResetHeld,
            Some(b"split") => Attempt::Split,
            _ => Attempt::None,
        };
        match stream.attempt {
            Attempt::HoldAgainAndAgain | Attempt::ResetHeld => {
                seeing_all(Verdict::StopIteration(Duration::ZERO))
            }
            Attempt::ReplyThenReset => {
                Decision { interest: ResponseInterest::HeadersAndBody, ..reply(418, "replied") }
            }
            Attempt::ResetTwice => seeing_all(Verdict::Reset),
            Attempt::Split => split(),
            _ => seeing_all(Verdict::Continue),
        }
    }

    fn on_deadline(&self, stream: &mut Stream, side: Side, _: &mut dyn Environment) -> Decision {
        stream.deadlines += 1;
        match (stream.attempt, side) {
            (Attempt::HoldAgainAndAgain, Side::Request) if stream.deadlines < 10 => {
                seeing_all(Verdict::StopIteration(Duration::ZERO))
            }
            (Attempt::ResetHeld, _) => seeing_all(Verdict::Reset),
            (Attempt::EndHeldResponse, Side::Response) => {
                Decision { interest: ResponseInterest::HeadersAndBody, ..reply(418, "replaced") }
            }
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
            // None of these is asked once the stream was replied to or reset.
            Attempt::ReplyThenReset | Attempt::ResetTwice | Attempt::ResetHeld => {
                seeing_all(Verdict::Reset)
            }
            Attempt::ResetResponseTwice => seeing_all(Verdict::Reset),
            _ => seeing_all(Verdict::Continue),
        }
    }

    fn on_response_body(
        &self,
        stream: &mut Stream,
        _: BodyChunk,
        _: &mut dyn Environment,
    ) -> BodyDecision {
        BodyDecision::of(match stream.attempt {
            Attempt::None | Attempt::Split | Attempt::HoldAgainAndAgain => BodyVerdict::Continue,
            Attempt::HoldResponse => BodyVerdict::StopIteration(MOMENT),
            _ => BodyVerdict::Reset,
        })
    }

    fn on_stream_end(&self, _: &mut Stream) -> Effects {
        // A terminal action here would end the process; there is no way to say one.
        let mut effects = Effects::default();
        effects.publish("adversary", "too late".into());
        effects
    }
}

filter_wasm::export!(Adversary);
