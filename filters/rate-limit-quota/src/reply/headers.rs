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
            let mut policies = Text::default();
            let mut limits = Text::default();
            for quota in quotas {
                policies.item().push_str(&quota.grade.policy);
                quota.limit(limits.item(), retry_after);
            }
            lines.put(Name::Policy, &policies.0);
            lines.put(Name::RateLimit, &limits.0);
        }
        let closest = quotas.iter().min_by_key(|quota| quota.nearness());
        if let (true, Some(closest)) = (self.has_x, closest) {
            let mut limit = Text::default();
            push_number(limit.item(), closest.grade.terms.limit.amount);
            for quota in quotas {
                limit.item().push_str(&quota.grade.window);
            }
            lines.put(Name::XLimit, &limit.0);
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
    fn put(&mut self, name: Name, value: &str) {
        // Digits and names of quotas: always a value.
        if let (Some(name), Ok(value)) = (self.names.get(name as usize), HeaderValue::new(value)) {
            self.lines.push((name.clone(), value));
        }
    }

    fn put_number(&mut self, name: Name, number: u64) {
        self.put(name, digits(number, &mut [0; 20]));
    }
}

/// A list whose items are told apart by commas.
#[derive(Default)]
struct Text(String);

impl Text {
    /// The text, for one more item.
    fn item(&mut self) -> &mut String {
        if self.0.is_empty() {
            self.0.reserve(64);
        } else {
            self.0.push_str(", ");
        }
        &mut self.0
    }
}

impl Told<'_> {
    /// Its item of `RateLimit`.
    fn limit(&self, text: &mut String, retry_after: Option<u64>) {
        for part in ["\"", self.name, "\";r="] {
            text.push_str(part);
        }
        push_number(text, self.standing.remaining);
        text.push_str(";t=");
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
fn digits(mut number: u64, space: &mut [u8; 20]) -> &str {
    let mut first = space.len();
    for (index, digit) in space.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        first = index;
        if number == 0 {
            break;
        }
    }
    let digits = space.get(first..).unwrap_or_default();
    str::from_utf8(digits).unwrap_or_default()
}

/// Adds a number in decimal.
pub(crate) fn push_number(text: &mut String, number: u64) {
    text.push_str(digits(number, &mut [0; 20]));
}
