//! What is written into a request.

use filter_api::{Counter, Effects, FilterStateKey, HeaderMutation, HeaderName, HeaderValue};
use std::rc::Rc;

/// What a rule or a variant writes.
#[derive(Clone, Debug, Default)]
pub(crate) struct Writes {
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
    pub(crate) states: Vec<(FilterStateKey, Rc<str>)>,
}

/// What all rules together make of a request. Of two writes of one header the later counts, so that
/// each is written at most once.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    effects: Effects,
    changes_state: bool,
}

impl Writes {
    pub(crate) fn is_empty(&self) -> bool {
        self.headers.is_empty() && self.states.is_empty()
    }
}

impl Plan {
    /// Counts something.
    pub(crate) fn count(&mut self, counter: Counter) {
        self.effects.count(counter);
    }

    /// The header is to go, unless it is set later.
    pub(crate) fn remove(&mut self, name: HeaderName) {
        self.effects.mutate_last(HeaderMutation::Remove(name));
    }

    /// The header is to have this value.
    pub(crate) fn set(&mut self, name: HeaderName, value: HeaderValue) {
        self.effects.mutate_last(HeaderMutation::Set(name, value));
    }

    /// All that a rule or variant writes.
    pub(crate) fn write(&mut self, writes: &Writes) {
        for (name, value) in &writes.headers {
            self.set(name.clone(), value.clone());
        }
        for (key, value) in &writes.states {
            self.effects.publish_last(key.clone(), value.clone());
            self.changes_state = true;
        }
    }

    /// Publishes what no route looks at.
    pub(crate) fn tell(&mut self, key: &'static str, value: Rc<str>) {
        self.effects.publish(key, value);
    }

    /// All of it. Filter state stands first: a header that is written after it has the route found
    /// anew, at no price.
    pub(crate) fn into_effects(mut self) -> Effects {
        if self.changes_state {
            self.effects.clear_route_cache();
        }
        self.effects
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_api::Effect;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    fn name(name: &str) -> HeaderName {
        HeaderName::new(name).unwrap()
    }

    fn value(value: &str) -> HeaderValue {
        HeaderValue::new(value).unwrap()
    }

    fn key(key: &str) -> FilterStateKey {
        FilterStateKey::new(key).unwrap()
    }

    #[test]
    fn each_header_and_state_is_written_once_and_the_route_is_found_after_it() {
        let writes = |header: &str, state: &str| Writes {
            headers: vec![(name("a"), value(header))],
            states: vec![(key("k"), state.into())],
        };
        let mut plan = Plan::default();
        plan.remove(name("a"));
        plan.remove(name("b"));
        plan.write(&writes("1", "x"));
        plan.write(&writes("2", "y"));
        let effects = plan.into_effects();
        let mut expected = Effects::default();
        expected.publish(key("k"), "y".into());
        expected.mutate(HeaderMutation::Set(name("a"), value("2")));
        expected.mutate(HeaderMutation::Remove(name("b")));
        expected.clear_route_cache();
        assert_eq!(effects.as_slice(), expected.as_slice());
    }

    #[test]
    fn headers_alone_need_no_clearing() {
        let mut plan = Plan::default();
        plan.set(name("a"), value("1"));
        let effects = plan.into_effects();
        assert!(!effects.as_slice().contains(&Effect::ClearRouteCache));
    }
}
