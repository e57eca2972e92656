//! What the filter promises beyond its code: cases, schema, manual.

use filter_config::docs;
use filter_testing::Contract;
use trace_propagation::TraceFilter;
use trace_propagation::config::TracePropagationConfig;

const CONTRACT: Contract = Contract::of(env!("CARGO_MANIFEST_DIR"));

/// How many cases there are. A number, so that none is lost unnoticed.
const CASES: usize = 163;

#[test]
fn every_case_holds_on_the_pure_filter() -> anyhow::Result<()> {
    CONTRACT.cases_hold::<TraceFilter>(CASES)
}

#[test]
fn every_expectation_made_wrong_fails() -> anyhow::Result<()> {
    CONTRACT.expectations_matter::<TraceFilter>()
}

#[test]
fn the_schema_and_the_manual_are_those_of_the_code() -> anyhow::Result<()> {
    CONTRACT.documents_are_current::<TraceFilter, TracePropagationConfig>()
}

/// What trace propagation gets wrong elsewhere, and what shows that it does not here.
const TRAPS: [(&str, &[&str]); 24] = [
    (
        "a tracer's own headers are left alone: it read them before the filter and writes them after",
        &[
            "tracer-datadog",
            "tracer-on-adds-what-is-absent",
            "tracer-on-touches-no-present-header",
            "tracer-opentelemetry",
            "tracer-skywalking",
            "tracer-xray",
        ],
    ),
    ("a stale b3 beside Zipkin's tracer goes", &["tracer-zipkin-stale-b3-is-dropped"]),
    (
        "one connection manager earlier, restored headers decide what the tracer does",
        &["a_zipkin_server_shows_one_trace_per_request"],
    ),
    (
        "what needs nothing is not written, and so not routed anew",
        &[
            "complete-request-is-not-touched",
            "what_needs_nothing_goes_on_byte_for_byte_on_its_first_route",
        ],
    ),
    (
        "traceparent: lower-case hex, 55 characters in version 00, never ff, never zero, never twice",
        &[
            "every_test_of_the_conformance_suite_passes",
            "w3c-traceparent-duplicated",
            "w3c-traceparent-parent-id-all-zero",
            "w3c-traceparent-trace-id-all-zero",
            "w3c-traceparent-trace-id-illegal-characters",
            "w3c-traceparent-version-00-is-55-long",
            "w3c-traceparent-version-ff",
        ],
    ),
    (
        "a later version is read by its first four fields and goes on as 00",
        &["w3c-traceparent-version-cc", "w3c-traceparent-version-cc-without-dash"],
    ),
    (
        "a version that cannot be read restarts the trace without its tracestate",
        &["w3c-traceparent-version-length", "w3c-tracestate-with-malformed-traceparent"],
    ),
    (
        "the random flag stays with its trace id; other bits are zeroed where the value is written",
        &[
            "w3c-random-flag-is-kept-when-translated-through",
            "w3c-random-flag-is-kept-whoever-tells",
            "w3c-traceparent-version-cc-other-flags",
        ],
    ),
    (
        "who makes no span changes neither traceparent nor tracestate",
        &["w3c-traceparent-is-not-touched", "w3c-tracestate-beside-a-kept-parent"],
    ),
    (
        "tracestate without its traceparent is dropped",
        &[
            "stale-tracestate-goes-with-its-traceparent",
            "w3c-tracestate-goes-with-a-dropped-traceparent",
            "w3c-tracestate-without-generation",
            "w3c-tracestate-without-traceparent",
        ],
    ),
    (
        "tracestate: lines joined in order, 32 members, empty ones allowed, no key twice, both grammars",
        &[
            "w3c-tracestate-32-members",
            "w3c-tracestate-33-members",
            "w3c-tracestate-all-characters",
            "w3c-tracestate-duplicated-keys",
            "w3c-tracestate-empty-line-beside-another",
            "w3c-tracestate-key-illegal-vendor",
            "w3c-tracestate-key-length",
            "w3c-tracestate-key-too-long",
            "w3c-tracestate-lines-are-combined",
            "w3c-tracestate-value-illegal",
        ],
    ),
    (
        "tracestate is cut by whole members: those beyond 128 characters first, then from the right",
        &["w3c-tracestate-cut", "w3c-tracestate-cut-at-4096"],
    ),
    (
        "server-timing and traceresponse only where asked for",
        &[
            "filter_state_becomes_server_timing_and_a_field_of_the_access_log",
            "publish",
            "publish-nothing-by-default",
        ],
    ),
    (
        "baggage: 64 members, 8192 bytes, whole members, = in values, duplicates in order, lines one list",
        &[
            "baggage-64-members",
            "baggage-8192-bytes",
            "baggage-limits",
            "baggage-lines-are-one-list",
            "baggage-passes",
        ],
    ),
    (
        "baggage crosses a trust boundary by an allow-list only",
        &[
            "baggage-allow-list",
            "trust-baggage-needs-a-list",
            "trust-restart-drops-what-tracers-read",
        ],
    ),
    (
        "B3: single before multi, a decision alone, 64 and 128 bits, the first of several values",
        &[
            "b3-decision-alone-holds-for-a-new-trace",
            "b3-lower-half-for-64-bit-systems",
            "b3-short-trace-id",
            "b3-single-before-multi",
            "b3multi-first-value-wins",
        ],
    ),
    (
        "B3: debug implies sampled, and no decision beside it; true and false only on the way in",
        &[
            "b3-debug-implies-sampled",
            "b3-flags-become-debug",
            "b3-true-and-false-on-the-way-in",
            "b3multi-is-written-as-specified",
        ],
    ),
    ("B3: a parent is absent at the root, never empty", &["b3-malformed-parent"]),
    ("a part of B3 begins no trace with an old parent", &["b3-partial-is-never-half-used"]),
    (
        "Jaeger, OpenTracing, X-Ray, Datadog, GCP, SkyWalking, gRPC: each in its own letters",
        &[
            "datadog-64-bit-and-priorities",
            "datadog-other-tags-stay",
            "datadog-tags-of-another-trace-go",
            "gcp-without-options",
            "grpc-trace-bin",
            "jaeger-short-and-url-encoded",
            "translate-grpc-trace-bin-to-all",
            "translate-ottrace-to-all",
            "translate-skywalking",
            "x-ot-span-context-passes",
            "xray-fields-of-others-stay",
            "xray-root-of-a-load-balancer",
        ],
    ),
    (
        "the first valid format holds, ids of two are never mixed, and a conflict is counted",
        &["malformed-is-never-half-used", "precedence-first-valid-wins", "precedence-other-order"],
    ),
    (
        "of an x-request-id Envoy rewrites one digit, and not every one is a UUID",
        &["generate-from-request-id"],
    ),
    (
        "ids: random, flagged as such, never zero, no two workers' the same, a time first for X-Ray",
        &["generate-many-distinct", "ids_are_never_zero_and_no_two_workers_make_the_same"],
    ),
    (
        "strangers: continued, restarted or linked, without their sampled and debug flags",
        &[
            "trust-link",
            "trust-restart",
            "trust-restart-strips-flags",
            "trust-restart-without-generation",
        ],
    ),
];

/// What the filter promises beside, and what shows it.
const PROMISES: [(&str, &[&str]); 10] = [
    ("every field together", &["every-field-of-the-issue"]),
    (
        "any format becomes any other",
        &[
            "translate-b3-to-all",
            "translate-b3multi-to-all",
            "translate-datadog-to-all",
            "translate-gcp-to-all",
            "translate-jaeger-to-all",
            "translate-tracecontext-to-all",
            "translate-xray-to-all",
        ],
    ),
    (
        "a stale duplicate is refreshed or dropped",
        &[
            "decision-that-differs-is-dropped",
            "decision-that-differs-is-refreshed",
            "stale-format-is-dropped",
        ],
    ),
    (
        "one header brings all others back, nothing is mixed up, and they reach every hop",
        &[
            "an_application_that_forwards_only_its_request_id_loses_nothing_and_mixes_nothing_up",
            "correlate-inbound-remembers",
            "one_trace_header_is_as_good_as_the_request_id",
            "several_lines_of_a_header_come_back_whole_and_in_order",
        ],
    ),
    (
        "memory and time to live are bounded",
        &["a_flood_of_distinct_ids_neither_grows_nor_lasts", "correlate-too-large"],
    ),
    (
        "a header that is carried along is acted on at the fourth hop",
        &["routing_hints_act_at_the_fourth_hop_on_a_user_whom_no_application_forwards"],
    ),
    (
        "sampling: a share, by rule, the parent's, and alike at every hop",
        &[
            "sampling-by-rule",
            "sampling-consistent-by-trace-id",
            "sampling-parent-decides",
            "sampling-share",
        ],
    ),
    (
        "nothing is generated unless asked for",
        &["generate-never", "w3c-tracestate-without-generation"],
    ),
    (
        "an application that forwards nothing is told",
        &["an_application_that_forwards_nothing_is_told"],
    ),
    (
        "what a request costs is linear in its length",
        &["the_cost_of_a_request_is_linear_in_its_length"],
    ),
];

#[test]
fn every_trap_is_proven() -> anyhow::Result<()> {
    CONTRACT.traps_are_proven::<TraceFilter>(&TRAPS)?;
    CONTRACT.traps_are_proven::<TraceFilter>(&PROMISES)
}

#[test]
fn the_examples_of_the_manual_are_valid() -> anyhow::Result<()> {
    assert_eq!(
        CONTRACT.summaries::<TraceFilter>()?,
        [
            "extract: tracecontext, b3, b3multi, jaeger, datadog, xray, gcp, ottrace; inject: \
             tracecontext, b3multi; requests are remembered by x-request-id or trace id",
            "extract: tracecontext, b3, b3multi, jaeger, datadog, xray, gcp, ottrace; inject: \
             tracecontext, b3multi; callers are not trusted",
        ]
    );
    Ok(())
}

/// Every field of more than one word, with a value that its type admits.
#[test]
fn snake_case_is_accepted_everywhere() {
    docs::assert_snake_case_accepted::<TracePropagationConfig>(
        r#"{
          "parentId": "NEW", "maxTracestateBytes": 512,
          "sampling": {"rules": [{
            "match": [{"withoutHeaders": {"a": {}}, "queryParams": {"b": {"exact": "c"}}, "ignoreUriCase": true}],
            "percentage": {"value": 1}
          }]},
          "baggage": {"maxMembers": 1, "maxBytes": 1},
          "correlate": {"role": "INBOUND", "byTraceId": true}
        }"#,
    );
}
