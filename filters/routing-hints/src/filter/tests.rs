use super::*;
use filter_api::{Effect, encode_pairs};
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// A filter in a world of its own.
struct Scene {
    filter: RoutingHintsFilter,
    env: SimEnvironment,
}

impl Scene {
    fn new(config: &str) -> Self {
        let mut env = SimEnvironment::seeded(1);
        let filter = RoutingHintsFilter::configure(config.as_bytes(), &mut env.metrics).unwrap();
        Self { filter, env }
    }

    fn request(&mut self, headers: &[(&str, &str)]) -> (Decision, RoutingStream) {
        let bytes = encode_pairs(headers.iter().copied());
        let request = RequestHead::new(HeaderPairs::parse(&bytes));
        let mut stream = RoutingStream::default();
        let decision = self.filter.on_request_headers(&mut stream, &request, &mut self.env);
        (decision, stream)
    }
}

const STICKY: &str = r#"{"hintHeaders": ["x-route"], "rules": [
    {"name": "jason", "match": [{"headers": {"end-user": {"exact": "jason"}}}], "set": {"headers": {"x-route": "v2"}}},
    {"name": "sticky", "match": [{"headers": {"end-user": {}}}],
     "split": {"key": "request.headers[end-user]", "variants": [{"name": "v1", "weight": 1}]}}]}"#;

#[test]
fn a_request_that_no_rule_matches_has_no_effect_and_asks_for_nothing() {
    let mut scene = Scene::new(STICKY);
    let (decision, stream) = scene.request(&[(":path", "/"), ("x-other", "1")]);
    assert!(decision.effects.as_slice().is_empty() && stream.after.is_none());
    assert_eq!(scene.env.asked, Default::default());
}

#[test]
fn a_sticky_user_costs_no_clock_no_chance_and_no_shared_data() {
    let mut scene = Scene::new(STICKY);
    let (decision, _) = scene.request(&[("end-user", "kate")]);
    assert_eq!(decision.effects.as_slice().len(), 1, "counted");
    assert_eq!(scene.env.asked, Default::default());
}

#[test]
fn a_hint_that_is_replaced_is_not_removed_first() {
    let mut scene = Scene::new(STICKY);
    let (decision, _) =
        scene.request(&[("end-user", "jason"), ("x-route", "v9"), ("x_route", "v9")]);
    let mutations: Vec<String> = decision
        .effects
        .as_slice()
        .iter()
        .filter_map(|effect| match effect {
            Effect::Mutate(mutation) => Some(format!("{mutation:?}")),
            _ => None,
        })
        .collect();
    assert_eq!(mutations.len(), 2, "{mutations:?}");
    assert!(mutations[0].starts_with("Set") && mutations[1].starts_with("Remove"), "{mutations:?}");
}

#[test]
fn an_answer_that_nobody_remembers_is_left_alone() {
    let scene = Scene::new(STICKY);
    let mut env = SimEnvironment::seeded(1);
    let decision = scene.filter.on_response_headers(
        &mut RoutingStream::default(),
        &ResponseHead::default(),
        &mut env,
    );
    assert!(decision.effects.as_slice().is_empty());
    assert_eq!(env.asked, Default::default());
}

/// Bytes of a request lead to a decision, whatever they are.
#[test]
fn hostile_requests_are_decided_without_panic() {
    let mut scene = Scene::new(
        r#"{"hintHeaders": ["x-route"], "overrideHeader": {"name": "x-o", "secrets": ["0123456789abcdef"]},
            "rules": [{"name": "r", "split": {"key": "request.headers[u] | request.cookies[s]",
                "cookie": {"name": "c", "refreshAfter": "1h"}, "bucketHeader": "x-b",
                "variants": [{"name": "v1", "weight": 1, "set": {"headers": {"x-route": "a"}}}]}}]}"#,
    );
    let whole = encode_pairs([
        (&b"x-route"[..], &b"\xff\xff"[..]),
        (b"cookie", b"c=\xff; s=\xff;;=;c=0123456789abcdef.zz"),
        (b"x-o", b"\xff;exp=\xff;sig=\xff"),
        (b"u", b""),
    ]);
    for end in 0..=whole.len() {
        let request = RequestHead::new(HeaderPairs::parse(&whole[..end]));
        let mut stream = RoutingStream::default();
        let decision = scene.filter.on_request_headers(&mut stream, &request, &mut scene.env);
        assert!(!decision.effects.as_slice().is_empty(), "cut at {end}");
    }
}
