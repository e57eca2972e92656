//! What becomes of `traceparent` and `tracestate` beside a parent that changes, and beside one that
//! does not.

use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TRACE: &str = "12345678901234567890123456789012";
const PARENT: &str = "1234567890123456";

/// What goes on of `traceparent` with these flags, of these lines beside it, and how many headers
/// were written.
fn pass(config: &str, flags: &str, states: &[&str]) -> (String, Vec<String>, usize) {
    let mut env = SimEnvironment::seeded(3);
    let hop = Hop::new(config, &mut env);
    let mut request = headers(&[("traceparent", &format!("00-{TRACE}-{PARENT}-{flags}"))]);
    request.extend(states.iter().map(|line| ("tracestate".to_owned(), (*line).to_owned())));
    let (after, writes, _) = hop.pass(&request, &mut env);
    let lines = after.iter().filter(|(name, _)| name == "tracestate");
    let lines = lines.map(|(_, line)| line.clone()).collect();
    (get(&after, "traceparent").unwrap(), lines, writes)
}

const KEEP: &str = r#"{"extract": ["tracecontext"], "inject": ["tracecontext"]}"#;
const NEW: &str = r#"{"extract": ["tracecontext"], "inject": ["tracecontext"], "parentId": "NEW"}"#;

#[test]
fn a_new_parent_keeps_the_trace_and_the_flags_that_mean_something() {
    for (flags, expected) in
        [("00", "00"), ("01", "01"), ("02", "02"), ("03", "03"), ("fc", "00"), ("ff", "03")]
    {
        let (parent, ..) = pass(NEW, flags, &[]);
        let fields: Vec<&str> = parent.split('-').collect();
        assert_eq!([fields[0], fields[1], fields[3]], ["00", TRACE, expected]);
        assert!(fields[2] != PARENT && fields[2].len() == 16, "{parent}");
        // Who makes no span changes nothing.
        let (parent, _, writes) = pass(KEEP, flags, &[]);
        assert_eq!((parent, writes), (format!("00-{TRACE}-{PARENT}-{flags}"), 0));
    }
}

#[test]
fn a_list_beside_a_parent_that_stays_is_not_touched_where_it_is_valid() {
    let long: Vec<String> = (0..30).map(|n| format!("k{n}={}", "v".repeat(200))).collect();
    let long = long.join(",");
    for lines in [&["foo=1", "bar=2"][..], &["foo=1", ""], &["foo=1,,", "bar=2"], &[&long]] {
        let (_, kept, writes) = pass(KEEP, "01", lines);
        assert_eq!(kept, lines);
        assert_eq!(writes, 0);
    }
    for lines in [&["foo=1,FOO=2"][..], &["foo=1", "foo=2"], &[""]] {
        let (_, kept, writes) = pass(KEEP, "01", lines);
        assert_eq!((kept.len(), writes), (0, 1), "{lines:?}");
    }
}

#[test]
fn a_list_beside_a_new_parent_is_one_line_of_at_most_4096_bytes() {
    assert_eq!(pass(NEW, "01", &["foo=1", "", "bar=2"]).1, ["foo=1,bar=2"]);
    let members: Vec<String> = (10..40).map(|n| format!("k{n}={}", "v".repeat(200))).collect();
    let (_, kept, _) = pass(NEW, "01", &[&members.join(",")]);
    // 19 members of 204 bytes, and a comma less.
    assert_eq!(kept, [members[..19].join(",")]);
    assert_eq!(kept[0].len(), 19 * 205 - 1);
}

#[test]
fn a_limit_that_the_user_sets_holds_beside_every_parent() {
    let limited = KEEP.replace("}", r#", "maxTracestateBytes": 512}"#);
    let members: Vec<String> = (0..5).map(|n| format!("k{n}={}", "v".repeat(120))).collect();
    assert_eq!(pass(&limited, "01", &[&members.join(",")]).1, [members[..4].join(",")]);
}
