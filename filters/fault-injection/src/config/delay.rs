//! The wire form of a delay.

use filter_config::wire::{Decimal, Duration, EmptyObject, UInt};
use matchers::Percentage;
use serde::Deserialize;

/// A delay of requests, or of answers. Exactly one of `fixedDelay`, `uniformDelay`, `normalDelay`,
/// `exponentialDelay`, `percentiles` and `headerDelay`. Every time is 1 ms to 1 h.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Delay {
    /// Which share of the requests. Required, but in `outcomes` and in `response.delay`, where it is
    /// refused.
    pub percentage: Option<Percentage>,
    /// Istio's older spelling of `percentage`: a whole number, 0 to 100.
    pub percent: Option<UInt>,
    /// Always this long.
    pub fixed_delay: Option<Duration>,
    /// Anything between two times, all alike.
    pub uniform_delay: Option<UniformDelay>,
    /// A normal distribution, clamped.
    pub normal_delay: Option<NormalDelay>,
    /// An exponential distribution, clamped: many short delays, few long ones.
    pub exponential_delay: Option<ExponentialDelay>,
    /// A measured distribution by its percentiles, linear in between: from 1 ms at percentile 0, if
    /// that is not given, and never above the last.
    pub percentiles: Option<Vec<PercentileDelay>>,
    /// As long as the request's header `x-envoy-fault-delay-request` says, in milliseconds. Without
    /// this field the header has no effect. Not in `response.delay`.
    pub header_delay: Option<EmptyObject>,
}

/// A uniform distribution.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct UniformDelay {
    /// The shortest.
    pub min: Duration,
    /// The longest; above `min`.
    pub max: Duration,
}

/// A normal distribution; what falls outside `min` to `max` is moved to the nearer of them.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NormalDelay {
    /// The mean before clamping.
    pub mean: Duration,
    /// The standard deviation before clamping.
    pub standard_deviation: Duration,
    /// The shortest. Default 1 ms.
    pub min: Option<Duration>,
    /// The longest; above `min`. Default 1 h.
    pub max: Option<Duration>,
}

/// An exponential distribution; what falls below 1 ms or above `max` is moved there.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ExponentialDelay {
    /// The mean before clamping.
    pub mean: Duration,
    /// The longest; above `mean`. Default 1 h.
    pub max: Option<Duration>,
}

/// One percentile of a measured distribution.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PercentileDelay {
    /// 0 to 100 with at most four decimals, ascending in the list.
    pub percentile: Decimal,
    /// This percentage of the delays is no longer than this; not descending in the list.
    pub delay: Duration,
}
