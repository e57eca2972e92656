//! The wire form of faults on a real answer.

use crate::config::Delay;
use filter_config::wire::{EmptyObject, Map, UInt};
use matchers::Percentage;
use serde::Deserialize;

/// Faults on the upstream's answer; at least one. At most one of `body`, `truncateAfterBytes`,
/// `bytesPerSecond` and `headerLimit`.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Response {
    /// Which share of the answers. Required, but in `outcomes`, where it is refused.
    pub percentage: Option<Percentage>,
    /// Istio's older spelling of `percentage`: a whole number, 0 to 100.
    pub percent: Option<UInt>,
    /// The status instead of the upstream's, 200 to 599. With a status that has no body (204, 205,
    /// 304) the answer's body is dropped.
    pub http_status: Option<UInt>,
    /// Changes to the answer's headers.
    pub headers: Option<HeaderOperations>,
    /// The body instead of the upstream's. An answer that may not have one (to HEAD, 204, 205, 304)
    /// gets none.
    pub body: Option<String>,
    /// Lets at most this many bytes of the body through and then resets the stream; a shorter body
    /// passes whole. `content-length` stays as it was.
    pub truncate_after_bytes: Option<UInt>,
    /// Holds the answer, headers and all, this long. No `percentage` and no `headerDelay`.
    pub delay: Option<Delay>,
    /// Lets the body through no faster than this, 1 to 1000000000 bytes per second on average, in
    /// the pieces in which the host hands it over.
    pub bytes_per_second: Option<UInt>,
    /// As `bytesPerSecond`, at the rate which the request's header
    /// `x-envoy-fault-throughput-response` asks for, in KiB per second. Without this field the header
    /// has no effect.
    pub header_limit: Option<EmptyObject>,
}

/// Changes to headers, in the order `remove`, `set`, `add`. Headers that frame a message, such as
/// `content-length`, and pseudo-headers are refused.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct HeaderOperations {
    /// Gives the header exactly this value.
    #[serde(default)]
    pub set: Map<String>,
    /// Adds a value, whatever is there.
    #[serde(default)]
    pub add: Map<String>,
    /// Removes every value.
    #[serde(default)]
    pub remove: Vec<String>,
}
