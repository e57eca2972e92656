//! A filter that answers with what it is told of a request: a line for each expression, with its
//! values after tabs, and a line for each source, with whether it calls.
#![cfg_attr(not(target_arch = "wasm32"), allow(dead_code, reason = "only a module has a host"))]

use attributes::Expression;
use filter_api::{
    Callbacks, ConfigError, Decision, Environment, FailureMode, HOST_ERRORS, HttpFilter,
    LocalReply, MetricRegistry, RequestHead, Stat, Verdict,
};
use identity::{Evidence, Peer, SourceEntry, SourceMatcher};
use matchers::MatchResult;
use serde::Deserialize;
use std::rc::Rc;

#[derive(Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
struct Config {
    expressions: Vec<String>,
    sources: Vec<SourceEntry>,
    evidence: Evidence,
}

struct Witness {
    expressions: Vec<Expression>,
    sources: Vec<SourceMatcher>,
    evidence: Evidence,
}

impl HttpFilter for Witness {
    const NAME: &'static str = "witness";
    const CALLBACKS: Callbacks = Callbacks::REQUEST_HEADERS;
    const STATS: &'static [&'static Stat] = &[&HOST_ERRORS];
    const FAILURE_MODE: FailureMode = FailureMode::Allow;
    type Stream = ();

    fn configure(config: &[u8], _: &mut dyn MetricRegistry) -> Result<Self, ConfigError> {
        let config: Config = filter_config::load(config)?;
        let parse = |text: &String| {
            Expression::parse(text).map_err(|why| ConfigError::new("expressions", why))
        };
        let compile = |source: &SourceEntry| {
            SourceMatcher::from_wire(std::slice::from_ref(source), "sources")
        };
        Ok(Self {
            expressions: config.expressions.iter().map(parse).collect::<Result<_, _>>()?,
            sources: config.sources.iter().map(compile).collect::<Result<_, _>>()?,
            evidence: config.evidence,
        })
    }

    fn summary(&self) -> String {
        "answers with what it is told".to_owned()
    }

    fn needs_request_headers(&self) -> bool {
        true
    }

    fn on_request_headers(
        &self,
        _: &mut (),
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        let mut body = Vec::new();
        for expression in &self.expressions {
            expression.visit(request, env, &mut |value| {
                body.push(b'\t');
                body.extend_from_slice(value);
            });
            body.push(b'\n');
        }
        let mut peer = Peer::new(self.evidence);
        for source in &self.sources {
            body.extend_from_slice(match source.matches(&mut peer, env) {
                MatchResult::Match => b"Match\n",
                MatchResult::Missing => b"Missing\n",
                MatchResult::NoMatch => b"NoMatch\n",
            });
        }
        match LocalReply::new(200, "witness") {
            Ok(reply) => Decision::of(Verdict::Reply(Rc::new(reply.with_body(body)))),
            Err(_) => Decision::pass(),
        }
    }
}

filter_wasm::export!(Witness);
