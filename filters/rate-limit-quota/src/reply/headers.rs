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
    names: Names,
}

#[derive(Clone, Debug)]
struct Names {
    retry_after: HeaderName,
    pushback: HeaderName,
    policy: HeaderName,
    ratelimit: HeaderName,
    x_limit: HeaderName,
    x_remaining: HeaderName,
    x_reset: HeaderName,
}

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
        Ok(Self {
            has_draft: kinds.contains(&HeaderKind::Ratelimit),
            has_x: kinds.contains(&HeaderKind::XRatelimitDraft03),
            on_admitted: wire.on_admitted && !kinds.is_empty(),
            jitter: nanos(jitter),
            names: Names {
                retry_after: header_name("", "retry-after")?,
                pushback: header_name("", "grpc-retry-pushback-ms")?,
                policy: header_name("", "ratelimit-policy")?,
                ratelimit: header_name("", "ratelimit")?,
                x_limit: header_name("", "x-ratelimit-limit")?,
                x_remaining: header_name("", "x-ratelimit-remaining")?,
                x_reset: header_name("", "x-ratelimit-reset")?,
            },
        })
    }

    /// For a refusal: when the request would fit (nanoseconds, jitter included), and the rest.
    pub(crate) fn refused(
        &self,
        quotas: &[Told<'_>],
        retry_after: Option<u64>,
        is_grpc: bool,
    ) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::with_capacity(7);
        if let Some(wait) = retry_after {
            put_number(&mut headers, &self.names.retry_after, seconds(wait).max(1));
            if is_grpc {
                let wait = wait.div_ceil(MILLISECOND).max(1);
                put_number(&mut headers, &self.names.pushback, wait);
            }
        }
        self.add_to(&mut headers, quotas, retry_after);
        headers
    }

    /// For an admitted request.
    pub(crate) fn admitted(&self, quotas: &[Told<'_>]) -> Vec<(HeaderName, HeaderValue)> {
        let mut headers = Vec::new();
        self.add_to(&mut headers, quotas, None);
        headers
    }

    fn add_to(
        &self,
        headers: &mut Vec<(HeaderName, HeaderValue)>,
        quotas: &[Told<'_>],
        retry_after: Option<u64>,
    ) {
        if self.has_draft && !quotas.is_empty() {
            let mut policies = Text::default();
            let mut limits = Text::default();
            for quota in quotas {
                policies.item().push_str(&quota.grade.policy);
                quota.limit(limits.item(), retry_after);
            }
            put(headers, &self.names.policy, &policies.0);
            put(headers, &self.names.ratelimit, &limits.0);
        }
        let closest = quotas.iter().min_by_key(|quota| quota.nearness());
        if let (true, Some(closest)) = (self.has_x, closest) {
            let mut limit = Text::default();
            push_number(limit.item(), closest.grade.terms.limit.amount);
            for quota in quotas {
                limit.item().push_str(&quota.grade.window);
            }
            put(headers, &self.names.x_limit, &limit.0);
            put_number(headers, &self.names.x_remaining, closest.standing.remaining);
            put_number(headers, &self.names.x_reset, closest.reset(retry_after));
        }
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

fn put(headers: &mut Vec<(HeaderName, HeaderValue)>, name: &HeaderName, value: &str) {
    // Digits and names of quotas: always a value.
    if let Ok(value) = HeaderValue::new(value) {
        headers.push((name.clone(), value));
    }
}

fn put_number(headers: &mut Vec<(HeaderName, HeaderValue)>, name: &HeaderName, number: u64) {
    let mut text = String::new();
    push_number(&mut text, number);
    put(headers, name, &text);
}

/// Adds a number in decimal, without the machinery of formats.
pub(crate) fn push_number(text: &mut String, mut number: u64) {
    // The greatest has twenty.
    let mut digits = [b'0'; 20];
    let mut first = digits.len();
    for (index, digit) in digits.iter_mut().enumerate().rev() {
        *digit = b'0' + (number % 10) as u8;
        number /= 10;
        first = index;
        if number == 0 {
            break;
        }
    }
    let digits = digits.get(first..).unwrap_or_default();
    text.push_str(str::from_utf8(digits).unwrap_or_default());
}
