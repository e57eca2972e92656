//! The wire form of what clients are told.

use filter_config::wire::{Duration, Map, UInt};
use serde::Deserialize;

/// The answer to a request that is refused.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Reply {
    /// The HTTP status, 400 to 599. Default 429. A gRPC client is given `RESOURCE_EXHAUSTED`.
    pub status: Option<UInt>,
    /// The body; on gRPC its `grpc-message`. Default `rate limited`.
    pub body: Option<String>,
    /// Further headers.
    pub headers: Option<Map<String>>,
    /// The body is a problem detail instead (RFC 9457, `application/problem+json`) of the type
    /// `quota-exceeded` or, under a penalty, `abnormal-usage-detected`, and names the quotas. Not with
    /// `body`, and not for gRPC. Default false.
    #[serde(default)]
    pub problem_details: bool,
}

/// Which headers tell clients of their quotas.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct RateLimitHeaders {
    /// Which ones, besides `Retry-After`. Default `[RATELIMIT]`; `[]` is none.
    pub kinds: Option<Vec<HeaderKind>>,
    /// Whether answers to admitted requests have them too; it costs reading the answer's headers.
    /// Default false.
    #[serde(default)]
    pub on_admitted: bool,
    /// A random time up to this, 1 s to 1 day, is added to `Retry-After`, so that not all come back at
    /// once. Default none.
    pub retry_after_jitter: Option<Duration>,
}

/// A family of headers.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum HeaderKind {
    /// `RateLimit-Policy` and `RateLimit`, structured fields of the current IETF draft: every quota
    /// of the request.
    Ratelimit,
    /// `X-RateLimit-Limit`, `-Remaining` and `-Reset` (seconds from now) of draft 03, as Envoy's own
    /// filters: of the quota that is nearest to its end.
    #[serde(rename = "X_RATELIMIT_DRAFT_03")]
    XRatelimitDraft03,
}
