//! Headers about quotas: `Retry-After`, the IETF draft's structured fields, and those of draft 03.

use crate::config::{HeaderKind, RateLimitHeaders};
use crate::ledger::Standing;
use crate::settings::{DAY, Grade, nanos};
use filter_api::{ConfigError, HeaderName, HeaderValue};
use filter_config::check::{duration_within, header_name};
use std::time::Duration;

const SECOND: u64 = 1_000_000_000;
const MILLISECOND: u64 = 1_000_000;

/// Which headers there are.
#[derive(Clone, Debug)]
pub(crate) struct Headers {
    has_draft: bool,
    has_x: bool,
    pub(crate) on_admitted: bool,
    /// Nanoseconds.
    pub(crate) jitter: u64,
    /// Of [`NAMES`], in their order.
    names: Vec<HeaderName>,
}

/// The position of a header's name.
#[derive(Clone, Copy)]
enum Name {
    RetryAfter,
    Pushback,
    Policy,
    RateLimit,
    XLimit,
    XRemaining,
    XReset,
}

const NAMES: [&str; 7] = [
    "retry-after",
    "grpc-retry-pushback-ms",
    "ratelimit-policy",
    "ratelimit",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
];

/// One quota, and how it stands.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Told<'t> {
    pub(crate) name: &'t str,
    pub(crate) grade: &'t Grade,
    pub(crate) standing: &'t Standing,
}

impl Headers {
    pub(crate) fn from_wire(wire: Option<&RateLimitHeaders>) -> Result<Self, ConfigError> {
        let default = RateLimitHeaders::default();
        let wire = wire.unwrap_or(&default);
        let jitter = wire.retry_after_jitter.map_or(Duration::ZERO, |time| time.get());
        if wire.retry_after_jitter.is_some() {
            duration_within("retryAfterJitter", jitter, Duration::from_secs(1), DAY)?;
        }
        let kinds = wire.kinds.as_deref().unwrap_or(&[HeaderKind::Ratelimit]);
        let mut names = Vec::with_capacity(NAMES.len());
        for name in NAMES {
            names.push(header_name("", name)?);
        }
        Ok(Self {
            has_draft: kinds.contains(&HeaderKind::Ratelimit),
            has_x: kinds.contains(&HeaderKind::XRatelimitDraft03),
            on_admitted: wire.on_admitted && !kinds.is_empty(),
            jitter: nanos(jitter),
            names,
        })
    }

    /// For a refusal: when the request would fit (nanoseconds, jitter included), and the rest.
    pub(crate) fn refused(
        &self,
        quotas: &[Told<'_>],
        retry_after: Option<u64>,
        is_grpc: bool,
    ) -> Vec<(HeaderName, HeaderValue)> {
        let mut lines = Lines { names: &self.names, lines: Vec::with_capacity(NAMES.len()) };
        if let Some(wait) = retry_after {
            lines.put_number(Name::RetryAfter, seconds(wait).max(1));
            if is_grpc {
                lines.put_number(Name::Pushback, wait.div_ceil(MILLISECOND).max(1));
            }
        }
        self.add_to(&mut lines, quotas, retry_after);
        lines.lines
    }

    /// For an admitted request.
    pub(crate) fn admitted(&self, quotas: &[Told<'_>]) -> Vec<(HeaderName, HeaderValue)> {
        let mut lines = Lines { names: &self.names, lines: Vec::new() };
        self.add_to(&mut lines, quotas, None);
        lines.lines
    }

    fn add_to(&self, lines: &mut Lines<'_>, quotas: &[Told<'_>], retry_after: Option<u64>) {
        if self.has_draft && !quotas.is_empty() {
            let mut limits = Vec::with_capacity(64);
            for quota in quotas {
                quota.limit(item(&mut limits), retry_after);
            }
            match quotas {
                [one] => lines.push(Name::Policy, one.grade.policy.clone()),
                _ => {
                    let mut policies = Vec::new();
                    for quota in quotas {
                        item(&mut policies).extend_from_slice(quota.grade.policy.as_bytes());
                    }
                    lines.put(Name::Policy, &policies);
                }
            }
            lines.put(Name::RateLimit, &limits);
        }
        let closest = quotas.iter().min_by_key(|quota| quota.nearness());
        if let (true, Some(closest)) = (self.has_x, closest) {
            match quotas {
                [one] => lines.push(Name::XLimit, one.grade.x_limit.clone()),
                _ => {
                    let mut limit = Vec::new();
                    push_number(&mut limit, closest.grade.terms.limit.amount);
                    for quota in quotas {
                        item(&mut limit).extend_from_slice(quota.grade.window.as_bytes());
                    }
                    lines.put(Name::XLimit, &limit);
                }
            }
            lines.put_number(Name::XRemaining, closest.standing.remaining);
            lines.put_number(Name::XReset, closest.reset(retry_after));
        }
    }
}

/// Headers of one answer.
struct Lines<'h> {
    names: &'h [HeaderName],
    lines: Vec<(HeaderName, HeaderValue)>,
}

impl Lines<'_> {
    fn put(&mut self, name: Name, value: &[u8]) {
        // Digits and names of quotas: always a value.
        if let Ok(value) = HeaderValue::new(value) {
            self.push(name, value);
        }
    }

    fn push(&mut self, name: Name, value: HeaderValue) {
        if let Some(name) = self.names.get(name as usize) {
            self.lines.push((name.clone(), value));
        }
    }

    fn put_number(&mut self, name: Name, number: u64) {
        self.put(name, digits(number, &mut [0; 20]));
    }
}

/// The text of a list whose items are told apart by commas, for one more item.
fn item(list: &mut Vec<u8>) -> &mut Vec<u8> {
    if !list.is_empty() {
        list.extend_from_slice(b", ");
    }
    list
}

impl Told<'_> {
    /// Its item of `RateLimit`.
    fn limit(&self, text: &mut Vec<u8>, retry_after: Option<u64>) {
        for part in ["\"", self.name, "\";r="] {
            text.extend_from_slice(part.as_bytes());
        }
        push_number(text, self.standing.remaining);
        text.extend_from_slice(b";t=");
        push_number(text, self.reset(retry_after));
    }

    /// Seconds. Of a quota that refuses, the same instant that `Retry-After` names.
    fn reset(&self, retry_after: Option<u64>) -> u64 {
        let is_refused = !self.standing.is_admitted;
        let instant = retry_after.filter(|_| is_refused).unwrap_or(self.standing.reset_after);
        seconds(instant)
    }

    /// Less is nearer to its end.
    fn nearness(&self) -> (bool, u64) {
        (self.standing.is_admitted, self.standing.remaining)
    }
}

/// Whole seconds, rounded up: who waits so long has waited long enough.
fn seconds(nanos: u64) -> u64 {
    nanos.div_ceil(SECOND)
}

/// A number in decimal, without the machinery of formats. The greatest has twenty digits.
fn digits(mut number: u64, space: &mut [u8; 20]) -> &[u8] {
    let mut first = space.len();
    for (index, digit) in space.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        first = index;
        if number == 0 {
            break;
        }
    }
    space.get(first..).unwrap_or_default()
}

/// Adds a number in decimal.
pub(crate) fn push_number(text: &mut Vec<u8>, number: u64) {
    text.extend_from_slice(digits(number, &mut [0; 20]));
}
