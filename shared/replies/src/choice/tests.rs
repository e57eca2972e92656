use super::{ReplyChoice, ReplyDefaults};
use crate::{Reply, ReplyTemplate};
use filter_api::{
    ConfigError, HeaderName, HeaderPairs, HeaderValue, LocalReply, RequestHead, encode_pairs,
};
use std::rc::Rc;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const GRPC: (&str, &str) = ("content-type", "application/grpc");

fn defaults() -> ReplyDefaults {
    let name = HeaderName::new("x-rule").unwrap();
    let template = ReplyTemplate {
        details: "acl.r.denied".to_owned(),
        body: b"Not allowed".to_vec(),
        headers: vec![(name, HeaderValue::new("r").unwrap())],
    };
    ReplyDefaults { status: 403, grpc_status: Some(7), template }
}

fn choice(json: &str) -> Result<ReplyChoice, ConfigError> {
    let wire: Reply = filter_config::load(json.as_bytes())?;
    ReplyChoice::from_wire(&wire, &defaults(), "rules[0].reply")
}

fn chosen(json: &str, header: (&str, &str), text: Option<&str>) -> Rc<LocalReply> {
    let choice = choice(json).unwrap();
    let bytes = encode_pairs([header]);
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    text.map_or_else(|| choice.choose(&request), |text| choice.choose_with(&request, text))
}

fn body(reply: &LocalReply) -> &str {
    std::str::from_utf8(reply.body()).unwrap()
}

/// Names and values of the headers, in order.
fn headers(reply: &LocalReply) -> Vec<(&str, &str)> {
    let text = |bytes| std::str::from_utf8(bytes).unwrap();
    let pairs = reply.headers().iter();
    pairs.map(|(name, value)| (text(name.as_bytes()), text(value.as_bytes()))).collect()
}

#[test]
fn what_is_left_out_is_the_filters() {
    let of_defaults = ReplyChoice::of_defaults(&defaults()).unwrap();
    for reply in [of_defaults.choose(&RequestHead::default()), chosen("{}", GRPC, None)] {
        assert_eq!((reply.status(), reply.grpc_status()), (403, Some(7)));
        assert_eq!((body(&reply), reply.details()), ("Not allowed", "acl.r.denied"));
        assert_eq!(headers(&reply), [("x-rule", "r")]);
    }
    assert!(!of_defaults.needs_request_headers());
}

#[test]
fn what_is_written_takes_its_place() {
    let json =
        r#"{"status":404,"body":"gone","headers":{"Retry-After":"5"},"grpcStatus":"NOT_FOUND"}"#;
    let reply = chosen(json, ("accept", "application/problem+json"), None);
    assert_eq!((reply.status(), reply.grpc_status(), body(&reply)), (404, Some(5), "gone"));
    assert_eq!(headers(&reply), [("x-rule", "r"), ("retry-after", "5")]);
}

#[test]
fn a_problem_alone_is_given_to_all_but_grpc_clients() {
    let json = r#"{"problem":{"type":"https://a.b/c","title":"No \"way\"\n\\"},"grpcStatus":7}"#;
    assert!(choice(json).unwrap().needs_request_headers());
    let document = chosen(json, ("accept", "text/html"), None);
    let expected = r#"{"type":"https://a.b/c","title":"No \"way\"\u000a\\","status":403,"detail":"Not allowed"}"#;
    assert_eq!(body(&document), expected);
    assert_eq!(headers(&document), [("x-rule", "r"), ("content-type", "application/problem+json")]);
    let parsed: serde_json::Value = serde_json::from_slice(document.body()).unwrap();
    assert_eq!(parsed["title"], "No \"way\"\n\\");
    let plain = chosen(json, GRPC, None);
    assert_eq!((body(&plain), plain.grpc_status()), ("Not allowed", Some(7)));
}

#[test]
fn beside_a_body_the_client_chooses() {
    let json =
        r#"{"body":"<p>no","headers":{"content-type":"text/html"},"problem":{"detail":"d"}}"#;
    for (accept, is_document) in [
        ("application/problem+json", true),
        ("text/html, Application/JSON ; q=0.5", true),
        ("text/html,application/xhtml+xml,*/*;q=0.8", false),
        ("application/jsonl", false),
        ("application/*", false),
        ("", false),
    ] {
        let reply = chosen(json, ("accept", accept), None);
        let expected = if is_document {
            (r#"{"status":403,"detail":"d"}"#, "application/problem+json")
        } else {
            ("<p>no", "text/html")
        };
        assert_eq!((body(&reply), headers(&reply)[1].1), expected, "{accept}");
    }
    assert_eq!(body(&chosen(json, GRPC, None)), "<p>no");
}

#[test]
fn a_text_of_the_moment_stands_where_the_user_wrote_none() {
    let text = Some("\"x\" is not whitelisted");
    for (json, expected) in [
        ("{}", r#""x" is not whitelisted"#),
        (r#"{"body":"mine"}"#, "mine"),
        (r#"{"problem":{}}"#, r#"{"status":403,"detail":"\"x\" is not whitelisted"}"#),
        (r#"{"problem":{"detail":"mine"}}"#, r#"{"status":403,"detail":"mine"}"#),
    ] {
        let reply = chosen(json, ("a", "b"), text);
        assert_eq!(body(&reply), expected, "{json}");
        assert_eq!((reply.status(), reply.details()), (403, "acl.r.denied"));
        assert_eq!(headers(&reply)[0], ("x-rule", "r"));
    }
}

#[test]
fn what_cannot_be_sent_is_refused() {
    for (json, line) in [
        (r#"{"status":600}"#, "rules[0].reply.status: found 600, allowed is 200 to 599"),
        (
            r#"{"grpcStatus":17}"#,
            "rules[0].reply.grpcStatus: found 17, allowed is 0 to 16, or the name of one",
        ),
        (r#"{"headers":{"a b":"c"}}"#, "rules[0].reply.headers: found `a b`: "),
    ] {
        let error = choice(json).unwrap_err().to_string();
        assert!(error.starts_with(line), "{error}");
    }
}
