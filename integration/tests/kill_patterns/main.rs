//! What ends a whole Envoy, tried through the contract: in every Envoy of `ENVOY_VERSIONS`, and in
//! the test host, which knows the patterns by name.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

mod in_envoy;
mod in_host;
mod killer;

use proxy_wasm_test_host::Direction;

/// What the client is to see of an attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Seen {
    /// A complete answer.
    Answer(u16, &'static str),
    /// The head of an answer, these bytes, and no end.
    Cut(&'static str),
    /// Not one byte.
    Reset,
}

/// The adversary's attempts by the value of `x-try`, and the answer to each: what the first
/// terminal action asked for.
const ATTEMPTS: [(&str, Seen); 12] = [
    ("nothing", Seen::Answer(200, UPSTREAM)),
    ("cut-body", Seen::Cut("u")),
    ("end-held-response", Seen::Answer(418, "at the deadline")),
    ("hold-again-and-again", Seen::Answer(200, UPSTREAM)),
    ("hold-response", Seen::Answer(200, UPSTREAM)),
    ("reply-at-deadline", Seen::Answer(418, "at the deadline")),
    ("reply-at-response", Seen::Answer(418, "in its stead")),
    ("reply-then-reset", Seen::Answer(418, "replied")),
    ("reset-held", Seen::Reset),
    ("reset-response-twice", Seen::Reset),
    ("reset-twice", Seen::Reset),
    ("split", Seen::Answer(418, "refused")),
];

/// Attempts that somebody else has to end, and what they hold.
const ENDLESS: [(&str, Direction); 2] =
    [("hold-for-ever", Direction::Request), ("hold-response-for-ever", Direction::Response)];

/// What the upstream answers.
const UPSTREAM: &str = "upstream";

/// The adversary's configurations: which cluster it calls all the time. Where that does not exist,
/// an empty name and names whose bytes are a `GrpcService` message without target end Envoy if they
/// reach a gRPC call as they are.
const CLUSTERS: [(&str, &str); 7] = [
    ("calls-upstream", "upstream"),
    ("calls-nobody", "nobody"),
    ("calls-users", "users"),
    ("calls-80", "80"),
    ("calls-a-group", "@0H0"),
    ("no-calls", ""),
    ("quiet", "quiet"),
];
