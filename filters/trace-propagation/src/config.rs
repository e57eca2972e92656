//! What the user wrote: the wire types of the plugin configuration.
//!
//! The doc comments are the manual: the JSON schema and the table in the README are made from them.
//! Every field is accepted in its `snake_case` spelling too, as in protobuf JSON. Nothing is checked
//! here but the shape; the private module `settings` gives it its meaning.

mod tracer;

use filter_config::wire::{Decimal, Duration, UInt};
use matchers::HttpMatchRequest;
use serde::Deserialize;

/// The configuration of the `trace_propagation` filter. `{}` is valid and does nothing.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct TracePropagationConfig {
    /// The formats to read, in order: the first in which a request says something valid is its
    /// context, and never a mix of several. Default: all but `skywalking` and `grpc_trace_bin`, in
    /// the order of [Format](#format).
    pub extract: Option<Vec<Format>>,
    /// The formats to write, where they are absent or say something else. `skywalking` cannot be
    /// written. Default: none.
    #[serde(default)]
    pub inject: Vec<Format>,
    /// Further headers that the memory (`correlate`) carries from the inbound to the outbound side,
    /// where the application left them out. Default: `x-request-id`, `x-ot-span-context`, `baggage`.
    pub propagate: Option<Vec<String>>,
    /// Those of `propagate` that take the place of what the application wrote itself, e.g.
    /// `user-agent`. Default: none.
    #[serde(default)]
    pub overwrite: Vec<String>,
    /// Whether a request without a valid context gets a new one. Never with a `tracer`, which makes
    /// its own. Default `IF_MISSING`.
    pub generate: Option<Generate>,
    /// Whether new traces are recorded. Default: all are.
    pub sampling: Option<Sampling>,
    /// What becomes of the context that a caller sent. Default `CONTINUE`.
    pub trust: Option<Trust>,
    /// Envoy's own tracer in the same connection manager, whose headers are not touched. Default
    /// `OFF`. `true` and `false`, which older YAML makes of `ON` and `OFF`, mean those.
    #[serde(default, deserialize_with = "tracer::read")]
    pub tracer: Option<Tracer>,
    /// Whether a request goes on with its caller's span. Default `KEEP`.
    pub parent_id: Option<ParentId>,
    /// What baggage passes. Default: all of it, within the limits; nothing where `trust` is not
    /// `CONTINUE`.
    pub baggage: Option<Baggage>,
    /// A longer `tracestate` is cut, by whole members: 512 to 65536 bytes. Default: 4096 where
    /// `traceparent` is written; where it stays as it is, W3C lets nobody change `tracestate`.
    pub max_tracestate_bytes: Option<UInt>,
    /// The memory that lets an application forward one header instead of all. Default: none.
    pub correlate: Option<Correlate>,
    /// What is published as filter state, for access logs and response headers. Default: nothing.
    #[serde(default)]
    pub publish: Vec<Publish>,
}

/// A format of trace context.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "lowercase")]
pub enum Format {
    /// W3C Trace Context, Level 2: `traceparent`, `tracestate`.
    Tracecontext,
    /// B3 in one header: `b3`.
    B3,
    /// B3 in several headers: `x-b3-traceid`, `x-b3-spanid`, `x-b3-parentspanid`, `x-b3-sampled`,
    /// `x-b3-flags`.
    B3multi,
    /// Jaeger: `uber-trace-id`.
    Jaeger,
    /// Datadog: `x-datadog-trace-id`, `x-datadog-parent-id`, `x-datadog-sampling-priority`, and of
    /// `x-datadog-tags` the upper half of the trace id, `_dd.p.tid`.
    Datadog,
    /// AWS X-Ray: `x-amzn-trace-id`.
    Xray,
    /// Google Cloud: `x-cloud-trace-context`.
    Gcp,
    /// OpenTracing's basic tracers: `ot-tracer-traceid`, `ot-tracer-spanid`, `ot-tracer-sampled`.
    Ottrace,
    /// SkyWalking: `sw8`. Only read. Its ids are texts; unless they are UUIDs, their hashes stand for
    /// them.
    Skywalking,
    /// OpenCensus in gRPC: `grpc-trace-bin`, binary, as base64.
    #[serde(rename = "grpc_trace_bin")]
    GrpcTraceBin,
}

/// Where a new context comes from.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Generate {
    /// There is none.
    Never,
    /// A request without a valid context gets random ids. Where `xray` is injected the trace id
    /// begins with the time, as X-Ray's have to.
    #[default]
    IfMissing,
    /// A request without a valid context gets ids that follow from its `x-request-id`, so that every
    /// hop makes the same of it; random ones where that is no UUID.
    FromRequestId,
}

/// Which traces are recorded. A caller's decision always holds; where a caller left it open, and for
/// a new trace, the share decides by the trace id, so that every hop with the same share decides
/// alike.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Sampling {
    /// The share of the requests that no rule matches. Default: all of them.
    pub percentage: Option<SamplingPercentage>,
    /// The first rule that matches decides.
    #[serde(default)]
    pub rules: Vec<SamplingRule>,
}

/// The share of some requests.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SamplingRule {
    /// Istio's `HTTPMatchRequest`: one entry of the list has to match, and in it every field.
    /// Default: every request.
    #[serde(rename = "match")]
    pub matches: Option<Vec<HttpMatchRequest>>,
    /// The share that is recorded.
    pub percentage: SamplingPercentage,
}

/// A share.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SamplingPercentage {
    /// Percent, 0 to 100, with at most four decimals.
    pub value: Decimal,
}

/// What a context of a caller is worth.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Trust {
    /// It is continued.
    #[default]
    Continue,
    /// It is dropped, in all formats, with its flags and its `tracestate`: a new trace begins.
    Restart,
    /// As `RESTART`; filter state `trace_link` tells what the caller sent, as a `traceparent`.
    Link,
}

/// Envoy's own tracer in the same connection manager. It read the request before this filter, and
/// writes its headers after it.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Tracer {
    /// There is none.
    #[default]
    Off,
    /// There is one: no header that is there is touched, only absent ones are added.
    On,
    /// `envoy.tracers.zipkin`: `b3multi` is not touched. A `b3` beside it is dropped unless it is
    /// injected: the tracer reads it, and never renews it.
    Zipkin,
    /// `envoy.tracers.opentelemetry`: `tracecontext` is not touched.
    Opentelemetry,
    /// `envoy.tracers.datadog`: `datadog` and `tracecontext` are not touched.
    Datadog,
    /// `envoy.tracers.xray`: `xray` is not touched.
    Xray,
    /// `envoy.tracers.skywalking`: `skywalking`, which is never written anyway.
    Skywalking,
}

/// Which span a request goes on with.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ParentId {
    /// The caller's: this filter makes no spans.
    #[default]
    Keep,
    /// One of its own, as W3C asks of whoever takes part in a trace. Nothing reports that span.
    New,
}

/// What baggage passes. What is beyond a limit goes by whole members, from the right.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Baggage {
    /// The keys that pass; an empty list lets none pass. Default: every key.
    pub allow: Option<Vec<String>>,
    /// 1 to 1024 members. Default 64.
    pub max_members: Option<UInt>,
    /// 1 to 65536 bytes. Default 8192.
    pub max_bytes: Option<UInt>,
}

/// One side of the memory. Inbound and outbound listener of one Envoy share it if their plugins have
/// the same `vm_id`.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Correlate {
    /// The side of the application that this listener is on.
    pub role: Role,
    /// The header by which an outbound request is recognised. One that carries a trace id, such as
    /// `traceparent` or `x-b3-traceid`, means the trace id in whatever header the application kept.
    /// `x-request-id` is compared without the digit that Envoy rewrites. Default `x-request-id`.
    pub key: Option<String>,
    /// Whether requests are recognised by their trace id as well, where the key does not tell.
    /// The same on both sides. Default true.
    pub by_trace_id: Option<bool>,
    /// How long an entry is remembered, 1 s to 1 h. Default 30 s.
    pub ttl: Option<Duration>,
    /// How many entries there are at most, 1 to 1000000; the oldest go first. The same on both
    /// sides. The memory takes at most 512 bytes for each, and two for a request that is recognised
    /// by its trace id as well. Default 100000.
    pub capacity: Option<UInt>,
}

/// A side of the application.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Requests to the application: they are remembered.
    Inbound,
    /// Requests of the application: what they lack is restored.
    Outbound,
}

/// What filter state tells.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Publish {
    /// `trace_id`: 32 hex digits.
    TraceId,
    /// `server_timing`: `trace;desc=00-..`, the value of a `server-timing` response header.
    ServerTiming,
    /// `trace_response`: `00-..`, the value of a `traceresponse` response header.
    TraceResponse,
}
