//! What the suite sends, and what it expects of the callback.

use envoy_runner::Request;

/// The suite's trace and parent.
pub(super) const TRACE: &str = "12345678901234567890123456789012";
pub(super) const PARENT: &str = "1234567890123456";
const VALID: &str = "00-12345678901234567890123456789012-1234567890123456-00";

/// Which trace a callback belongs to.
#[derive(Clone, Copy)]
pub(super) enum Trace {
    /// The caller's.
    Same,
    /// One that no header of the request tells.
    New,
}

/// What a callback has of `tracestate`.
pub(super) enum State {
    Gone,
    /// These members, in order.
    Is(Vec<String>),
}

/// One request of the suite.
pub(super) struct Exchange {
    pub(super) headers: Vec<(String, String)>,
    pub(super) callbacks: usize,
    pub(super) trace: Trace,
    pub(super) state: State,
    pub(super) flags: Option<&'static str>,
}

/// A test by its name there.
type Row = (&'static str, Vec<Exchange>);

impl Exchange {
    fn new(headers: &[(&str, &str)], trace: Trace) -> Self {
        let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
        let headers = headers.iter().map(owned).collect();
        Self { headers, callbacks: 1, trace, state: State::Gone, flags: None }
    }

    fn thrice(self) -> Self {
        Self { callbacks: 3, ..self }
    }

    pub(super) fn request(&self) -> Request {
        let request = Request::get("/test").header("x-callbacks", "x".repeat(self.callbacks));
        self.headers.iter().fold(request, |request, (name, value)| request.header(name, value))
    }

    /// Whether the request says anything of this trace.
    pub(super) fn tells(&self, trace: &str) -> bool {
        self.headers.iter().any(|(_, value)| value.contains(trace))
    }
}

/// A request whose `traceparent` begins a new trace.
fn refused(parent: &str) -> Exchange {
    Exchange::new(&[("traceparent", parent)], Trace::New)
}

/// A request whose `traceparent` holds.
fn kept(name: &str, parent: &str) -> Exchange {
    Exchange::new(&[(name, parent)], Trace::Same)
}

/// A valid request with these lines of `tracestate`, of which these members are left.
fn state(lines: &[&str], members: &[&str]) -> Exchange {
    let mut headers = vec![("traceparent", VALID)];
    headers.extend(lines.iter().map(|line| ("tracestate", *line)));
    let state = match members {
        [] => State::Gone,
        members => State::Is(members.iter().map(|member| (*member).to_owned()).collect()),
    };
    Exchange { state, ..Exchange::new(&headers, Trace::Same) }
}

/// Every test.
pub(super) fn all() -> Vec<Row> {
    let mut rows = vec![
        ("test_both_traceparent_and_tracestate_missing", vec![Exchange::new(&[], Trace::New)]),
        ("test_traceparent_included_tracestate_missing", vec![kept("traceparent", VALID)]),
        ("test_traceparent_duplicated", vec![duplicated()]),
        (
            "test_multiple_requests_with_valid_traceparent",
            vec![kept("traceparent", VALID).thrice()],
        ),
        (
            "test_multiple_requests_without_traceparent",
            vec![Exchange::new(&[], Trace::New).thrice()],
        ),
        (
            "test_multiple_requests_with_illegal_traceparent",
            vec![refused("00-00000000000000000000000000000000-1234567890123456-01").thrice()],
        ),
    ];
    rows.extend(names());
    rows.extend(parents());
    rows.extend(states());
    rows.extend(malformed_states());
    rows.extend(limits());
    rows
}

fn duplicated() -> Exchange {
    let lines = [
        ("traceparent", "00-12345678901234567890123456789011-1234567890123456-01"),
        ("traceparent", "00-12345678901234567890123456789012-1234567890123456-01"),
    ];
    Exchange::new(&lines, Trace::New)
}

/// Names of the headers.
fn names() -> Vec<Row> {
    let wrong = |name| Exchange::new(&[(name, VALID)], Trace::New);
    let with = |name| Exchange::new(&[("traceparent", VALID), (name, "foo=1")], Trace::Same);
    let inherits = |name| Exchange { state: State::Is(vec!["foo=1".to_owned()]), ..with(name) };
    vec![
        ("test_traceparent_header_name", vec![wrong("trace-parent"), wrong("trace.parent")]),
        (
            "test_traceparent_header_name_valid_casing",
            ["TraceParent", "TrAcEpArEnT", "TRACEPARENT"].map(|name| kept(name, VALID)).into(),
        ),
        ("test_tracestate_header_name", vec![with("trace-state"), with("trace.state")]),
        (
            "test_tracestate_header_name_valid_casing",
            ["TraceState", "TrAcEsTaTe", "TRACESTATE"].map(inherits).into(),
        ),
    ]
}

/// Values of `traceparent`.
fn parents() -> Vec<Row> {
    const REFUSED: [(&str, &[&str]); 17] = [
        (
            "test_traceparent_version_0x00",
            &["00-T-P-01.", "00-T-P-01-what-the-future-will-be-like"],
        ),
        ("test_traceparent_version_0xff", &["ff-T-P-01"]),
        ("test_traceparent_version_illegal_characters", &[".0-T-P-01", "0.-T-P-01"]),
        ("test_traceparent_version_too_long", &["000-T-P-01", "0000-T-P-01"]),
        ("test_traceparent_version_too_short", &["0-T-P-01"]),
        ("test_traceparent_trace_id_all_zero", &["00-00000000000000000000000000000000-P-01"]),
        (
            "test_traceparent_trace_id_illegal_characters",
            &[
                "00-.2345678901234567890123456789012-P-01",
                "00-1234567890123456789012345678901.-P-01",
            ],
        ),
        ("test_traceparent_trace_id_too_long", &["00-123456789012345678901234567890123-P-01"]),
        ("test_traceparent_trace_id_too_short", &["00-1234567890123456789012345678901-P-01"]),
        ("test_traceparent_parent_id_all_zero", &["00-T-0000000000000000-01"]),
        (
            "test_traceparent_parent_id_illegal_characters",
            &["00-T-.234567890123456-01", "00-T-123456789012345.-01"],
        ),
        ("test_traceparent_parent_id_too_long", &["00-T-12345678901234567-01"]),
        ("test_traceparent_parent_id_too_short", &["00-T-123456789012345-01"]),
        ("test_traceparent_trace_flags_illegal_characters", &["00-T-P-.0", "00-T-P-0."]),
        ("test_traceparent_trace_flags_too_long", &["00-T-P-001"]),
        ("test_traceparent_trace_flags_too_short", &["00-T-P-1"]),
        ("test_traceparent_version_0xcc", &["cc-T-P-01.what-the-future-will-be-like"]),
    ];
    let whole = |text: &str| text.replace('T', TRACE).replace('P', PARENT);
    let mut rows: Vec<Row> = REFUSED
        .iter()
        .map(|(name, values)| (*name, values.iter().map(|value| refused(&whole(value))).collect()))
        .collect();
    if let Some((_, later)) = rows.last_mut() {
        let valid = ["cc-T-P-01", "cc-T-P-01-what-the-future-will-be-like"];
        later.extend(valid.map(|value| kept("traceparent", &whole(value))));
    }
    let blanks = [" 00-T-P-01", "\t00-T-P-01", "00-T-P-01 ", "00-T-P-01\t", "\t 00-T-P-01 \t"];
    let blanks = blanks.map(|value| kept("traceparent", &whole(value)));
    rows.push(("test_traceparent_ows_handling", blanks.into()));
    let random = Exchange { flags: Some("03"), ..kept("traceparent", &whole("00-T-P-03")) };
    rows.push(("level 2: the random flag is kept", vec![random]));
    rows
}

/// Values of `tracestate` that are kept, if not as they stand.
fn states() -> Vec<Row> {
    const THREE: [&str; 3] = ["foo=1", "bar=2", "baz=3"];
    let inherits = |line| state(&[line], &["foo=1"]);
    let orphan = |line| Exchange::new(&[("tracestate", line)], Trace::New);
    let empty =
        [state(&[""], &[]), state(&["foo=1", ""], &["foo=1"]), state(&["", "foo=1"], &["foo=1"])];
    let lines = ["foo=1,bar=2", "rojo=1,congo=2", "baz=3"];
    let combined = state(&lines, &["foo=1", "bar=2", "rojo=1", "congo=2", "baz=3"]);
    let mut blanks = vec![
        state(&["foo=1 \t , \t bar=2, \t baz=3"], &THREE),
        state(&["foo=1\t \t,\t \tbar=2,\t \tbaz=3"], &THREE),
    ];
    blanks.extend([" foo=1", "\tfoo=1", "foo=1 ", "foo=1\t", "\t foo=1 \t"].map(inherits));
    let without = ["foo=1", "foo=1,bar=2"].map(orphan);
    let inherited = state(&["foo=1,bar=2"], &["foo=1", "bar=2"]);
    vec![
        ("test_tracestate_included_traceparent_missing", without.into()),
        ("test_tracestate_included_traceparent_included", vec![inherited]),
        ("test_tracestate_empty_header", empty.into()),
        ("test_tracestate_multiple_headers_different_keys", vec![combined]),
        ("test_tracestate_ows_handling", blanks),
    ]
}

/// Values of `tracestate` that are dropped as a whole.
fn malformed_states() -> Vec<Row> {
    let gone = |line| state(&[line], &[]);
    let mut duplicated = vec![gone("foo=1,foo=1"), gone("foo=1,foo=2")];
    duplicated.extend([state(&["foo=1", "foo=1"], &[]), state(&["foo=1", "foo=2"], &[])]);
    let vendors = ["foo@=1,bar=2", "@foo=1,bar=2", "foo@@bar=1,bar=2", "foo@bar@baz=1,bar=2"];
    let keys = ["foo =1", "FOO=1", "foo.bar=1"];
    let values = ["foo=bar=baz", "foo=,bar=3"];
    vec![
        ("test_tracestate_duplicated_keys", duplicated),
        ("test_tracestate_key_illegal_characters", keys.map(gone).into()),
        ("test_tracestate_key_illegal_vendor_format", vendors.map(gone).into()),
        ("test_tracestate_value_illegal_characters", values.map(gone).into()),
    ]
}

/// Lengths and counts of `tracestate`.
fn limits() -> Vec<Row> {
    let key = "abcdefghijklmnopqrstuvwxyz0123456789_-*/";
    let value: String = (' '..='~').filter(|letter| !matches!(letter, ',' | '=')).collect();
    let all = [format!("{key}={value}"), format!("{key}@a-z0-9_-*/={value}")];
    let many = |count: usize| -> Vec<String> {
        (1..=count).map(|n| format!("bar{n:02}={n:02}")).collect()
    };
    let listed = |count: usize, is_kept: bool| {
        let members = many(count);
        let lines: Vec<String> = members.chunks(10).map(|line| line.join(",")).collect();
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        let kept: Vec<&str> = members.iter().map(String::as_str).filter(|_| is_kept).collect();
        state(&lines, &kept)
    };
    let long = |key: String, is_kept: bool| {
        let member = format!("{key}=1");
        let kept = ["foo=1", &member];
        state(&["foo=1", &member], if is_kept { &kept } else { &[] })
    };
    vec![
        (
            "test_tracestate_all_allowed_characters",
            all.iter().map(|member| state(&[member], &[member])).collect(),
        ),
        ("test_tracestate_member_count_limit", vec![listed(32, true), listed(33, false)]),
        (
            "test_tracestate_key_length_limit",
            vec![
                long("z".repeat(256), true),
                long("z".repeat(257), false),
                long(format!("{}@{}", "t".repeat(241), "v".repeat(14)), true),
                long(format!("{}@v", "t".repeat(242)), false),
                long(format!("t@{}", "v".repeat(15)), false),
            ],
        ),
    ]
}
