//! When, in the life of a stream, which quota is asked.

mod admit;
mod refuse;
mod response;
mod shared;

use crate::config::RateLimitQuotaConfig;
use crate::global::Globals;
use crate::hash::Digest;
use crate::leases::Leases;
use crate::ledger::{Claim, Retry, Settled};
use crate::prepare::Entry;
use crate::returns::Returns;
use crate::secret::Keys;
use crate::settings::{Settings, nanos};
use crate::stats;
use crate::stream::{QuotaStream, Waiting};
use crate::top::Top;
use filter_api::{
    Callbacks, CalloutResult, ConfigError, Decision, Effects, Environment, FailureMode,
    HeaderMutation, HttpFilter, MetricRegistry, RequestHead, ResponseHead, RootDecision, Side,
    Stat,
};
use std::cell::{OnceCell, RefCell};

#[cfg(test)]
mod tests;

/// Limits how much is used. See the [crate's documentation](crate).
#[derive(Debug)]
pub struct QuotaFilter {
    pub(crate) settings: Settings,
    keys: OnceCell<Keys>,
    leases: RefCell<Leases>,
    globals: RefCell<Globals>,
    returns: RefCell<Returns>,
    pub(crate) top: RefCell<Top>,
}

/// The claims of a request, and whose they are.
#[derive(Default)]
struct Claims<'a> {
    entries: Vec<Entry<'a>>,
    /// At the same positions.
    claims: Vec<Claim>,
    denied: Option<Entry<'a>>,
    head: Head<'a>,
}

/// The head of a request, as far as a refusal needs it.
#[derive(Clone, Copy)]
enum Head<'a> {
    /// Only a refusal looks whether it is gRPC's.
    Here(RequestHead<'a>),
    /// The request has waited.
    Gone { is_grpc: bool },
}

impl Default for Head<'_> {
    fn default() -> Self {
        Self::Gone { is_grpc: false }
    }
}

/// What is known of a request beside its claims.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context {
    /// The hash of its id, where retries are recognised.
    id: Option<Digest>,
    /// When it waits no longer for the service: monotonic nanoseconds.
    gives_up_at: u64,
    has_waited: bool,
}

impl<'a> Claims<'a> {
    /// Adds what was prepared for a quota. `false` where no other need be looked at.
    fn add(&mut self, prepared: Option<(Entry<'a>, Option<Claim>)>) -> bool {
        match prepared {
            Some((entry, Some(claim))) => {
                if self.claims.is_empty() {
                    // As much as most requests need: more than that is no small piece of memory.
                    self.claims = Vec::with_capacity(2);
                }
                self.entries.push(entry);
                self.claims.push(claim);
                true
            }
            Some((entry, None)) => {
                self.denied = Some(entry);
                false
            }
            None => true,
        }
    }

    /// Whether a refusal is answered in gRPC's way.
    fn is_grpc(&self) -> bool {
        match self.head {
            Head::Here(request) => request.is_grpc(),
            Head::Gone { is_grpc } => is_grpc,
        }
    }

    fn pairs(&self) -> impl Iterator<Item = (&Entry<'a>, &Claim)> {
        self.entries.iter().zip(&self.claims)
    }

    /// Drops the claims that nobody has decided on, because others were refused before.
    fn keep_refused(&mut self) {
        let is_kept = |claim: &Claim| claim.is_settled && claim.is_refused();
        let mut kept = self.claims.iter().map(is_kept);
        self.entries.retain(|_| kept.next().unwrap_or_default());
        self.claims.retain(is_kept);
    }
}

impl HttpFilter for QuotaFilter {
    const NAME: &'static str = "rate_limit_quota";
    const CALLBACKS: Callbacks = Callbacks::REQUEST_HEADERS
        .and(Callbacks::RESPONSE_HEADERS)
        .and(Callbacks::CALLOUTS)
        .and(Callbacks::STREAM_END);
    const STATS: &'static [&'static Stat] = stats::ALL;
    // A request that cannot be counted is not let through: a limit holds.
    const FAILURE_MODE: FailureMode = FailureMode::Deny;
    type Stream = QuotaStream;

    fn configure(config: &[u8], metrics: &mut dyn MetricRegistry) -> Result<Self, ConfigError> {
        let config: RateLimitQuotaConfig = filter_config::load(config)?;
        let settings = Settings::from_wire(&config, metrics)?;
        let top = Top::new(settings.top.as_ref().map_or(0, |top| top.size));
        Ok(Self {
            settings,
            keys: OnceCell::new(),
            leases: RefCell::default(),
            globals: RefCell::default(),
            returns: RefCell::default(),
            top: RefCell::new(top),
        })
    }

    fn summary(&self) -> String {
        self.settings.summary()
    }

    fn needs_request_headers(&self) -> bool {
        self.settings.needs_request_headers
    }

    fn on_start(&self, env: &mut dyn Environment) -> RootDecision {
        // A worker that cannot read the secret now tries again with its first request.
        let _is_there = self.keys(env).is_some();
        RootDecision::default()
    }

    fn on_request_headers(
        &self,
        stream: &mut QuotaStream,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        if let Some(reply) = self.top_keys(request, env) {
            return reply;
        }
        let mut effects = Effects::default();
        for name in &self.settings.hints {
            if request.headers().contains(name.as_bytes()) {
                effects.mutate(HeaderMutation::Remove(name.clone()));
            }
        }
        let mut claims = Claims { head: Head::Here(*request), ..Claims::default() };
        let mut lacks_keys = false;
        self.settings.matches.visit(request, |index| {
            let Some(keys) = self.keys(env) else {
                lacks_keys = true;
                return false;
            };
            claims.add(self.prepare(index, keys, request, env))
        });
        if lacks_keys {
            return self.failed(claims.is_grpc(), effects);
        }
        if let Some(entry) = &claims.denied {
            return self.missing(entry, claims.is_grpc(), effects);
        }
        if claims.claims.is_empty() {
            return Decision { effects, ..Decision::pass() };
        }
        let id = self.settings.retries.and_then(|_| {
            let id = request.headers().first(b"x-request-id").filter(|id| !id.is_empty())?;
            Some(self.keys(env)?.secret.digest(id))
        });
        let patience = self.settings.global.as_ref().map_or(0, |global| nanos(global.timeout));
        let now = env.monotonic();
        let gives_up_at = now.saturating_add(patience);
        let context = Context { id, gives_up_at, has_waited: false };
        self.decide(stream, claims, now, context, effects, env)
    }

    fn on_deadline(
        &self,
        stream: &mut QuotaStream,
        _side: Side,
        env: &mut dyn Environment,
    ) -> Decision {
        let Some(waiting) = stream.waiting.take() else { return Decision::pass() };
        let Waiting { parked, claims, is_grpc, context } = *waiting;
        let claims = self.unpark(&parked, claims, Head::Gone { is_grpc });
        let now = env.monotonic();
        self.decide(stream, claims, now, context, Effects::default(), env)
    }

    fn on_root_deadline(&self, env: &mut dyn Environment) -> RootDecision {
        let mut effects = Effects::default();
        let now = env.monotonic();
        self.give_back_owed(now, &mut effects, env);
        self.ask_service(effects, env)
    }

    fn on_callout(&self, result: &CalloutResult<'_>, env: &mut dyn Environment) -> RootDecision {
        self.service_answered(result, env)
    }

    fn on_response_headers(
        &self,
        stream: &mut QuotaStream,
        response: &ResponseHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision {
        let Some(active) = stream.active.as_deref_mut() else { return Decision::pass() };
        let effects = self.answered(active, response, env);
        Decision { effects, ..Decision::pass() }
    }

    fn on_stream_end(&self, stream: &mut QuotaStream, env: &mut dyn Environment) -> Effects {
        let mut effects = Effects::default();
        if let Some(active) = stream.active.take() {
            self.release(&active, &mut effects, env);
        }
        effects
    }
}

impl QuotaFilter {
    fn keys(&self, env: &mut dyn Environment) -> Option<&Keys> {
        if self.keys.get().is_none() {
            let quotas = &self.settings.quotas;
            let keys = |secret| quotas.iter().map(|quota| quota.keys(secret)).collect();
            let keys = Keys::read(keys, env)?;
            let _same = self.keys.set(keys);
        }
        self.keys.get()
    }

    /// Takes of all quotas, or of none, and says what becomes of the request.
    fn decide(
        &self,
        stream: &mut QuotaStream,
        mut claims: Claims<'_>,
        now: u64,
        context: Context,
        mut effects: Effects,
        env: &mut dyn Environment,
    ) -> Decision {
        if !self.take_global(&mut claims, now, context.gives_up_at, &mut effects) {
            return self.park(stream, claims, context, effects);
        }
        match self.settle(&mut claims, now, context, &mut effects, env) {
            Settled::Taken => self.admit(stream, &claims, effects),
            Settled::Deduplicated => {
                effects.count(self.settings.stats.deduplicated);
                Decision { effects, ..Decision::pass() }
            }
            Settled::Refused => self.refuse(&claims, now, effects, env),
            Settled::Failed if claims.claims.iter().all(|claim| claim.is_shadow) => {
                effects.count(self.settings.stats.store_failed);
                Decision { effects, ..Decision::pass() }
            }
            Settled::Failed => self.failed(claims.is_grpc(), effects),
        }
    }

    /// Takes of what this worker has taken ahead, and of shared data.
    fn settle(
        &self,
        claims: &mut Claims<'_>,
        now: u64,
        context: Context,
        effects: &mut Effects,
        env: &mut dyn Environment,
    ) -> Settled {
        self.give_back_owed(now, effects, env);
        if claims.claims.iter().any(|claim| claim.is_settled && claim.is_refused()) {
            claims.keep_refused();
            return Settled::Refused;
        }
        let claims = &mut claims.claims;
        self.take_leased(claims, now);
        if claims.iter().all(|claim| claim.is_settled) {
            let is_leased = claims.iter().any(|claim| claim.is_leased);
            effects.count_by(self.settings.stats.leased, is_leased.into());
            return Settled::Taken;
        }
        let retry = self.settings.retries.zip(context.id).map(|(retries, id)| Retry {
            id,
            known_for: retries.known_for,
            times: retries.times,
        });
        let mut ledger = self.ledger(now, env);
        let settled = ledger.settle(claims, retry);
        self.close(ledger, effects);
        match settled {
            Settled::Taken => self.keep_leases(claims, now),
            _ => self.return_leased(claims),
        }
        settled
    }
}
