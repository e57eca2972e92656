//! What a rule or a variant writes.

use filter_config::wire::{Duration, Map, UInt};
use serde::Deserialize;

/// What is written into a request, for Envoy's routes to match.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct Set {
    /// Request headers: added where absent, replaced where present, left where they have this value
    /// already.
    pub headers: Map<String>,
    /// Filter state, which no client can write: the entry `key` is `wasm.<key>` to
    /// `RouteMatch.filter_state` and to access logs. A key is visible ASCII without dots.
    pub filter_state: Map<String>,
    /// The whole request's timeout in place of the route's (`x-envoy-upstream-rq-timeout-ms`), 1 ms to
    /// 1 h.
    pub timeout: Option<Duration>,
    /// Retries, in addition to the route's.
    pub retries: Option<Retries>,
    /// `true` writes the `mirrorHeader`, for a route with `request_mirror_policies`.
    pub mirror: bool,
}

/// Istio's `HTTPRetry`, by Envoy's own request headers.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Retries {
    /// At most this many retries (`x-envoy-max-retries`), 0 to 100; 0 means none, whatever the route
    /// says.
    pub attempts: UInt,
    /// The timeout of each try (`x-envoy-upstream-rq-per-try-timeout-ms`), 1 ms to 1 h. Envoy ignores
    /// one that is not below the request's timeout.
    pub per_try_timeout: Option<Duration>,
    /// When to retry: a list, separated by commas, of Envoy's conditions, gRPC's among them, and of
    /// HTTP statuses. Default as in Istio: `connect-failure,refused-stream,unavailable,cancelled,503`.
    pub retry_on: Option<String>,
}
