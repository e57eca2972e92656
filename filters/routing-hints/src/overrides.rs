//! Variants that testers choose themselves, by a signed request header.
//!
//! `canary=v2,banner=on;exp=1767225600;sig=<64 hexadecimal digits>`: the signature is HMAC-SHA256 of
//! all that stands before `;sig=`.

use crate::config::Secret;
use crate::hex;
use filter_api::{HeaderName, RequestHead, UnixTime};
use hmac_sha256::HMAC;

#[cfg(test)]
mod tests;

/// A longer value is not looked at: nobody shall make us hash what nobody signed.
const LONGEST: usize = 1024;
/// The same for a header that is repeated.
const MOST_VALUES: usize = 4;
const NANOS: u64 = 1_000_000_000;

/// The header, and who may have signed it.
#[derive(Clone, Debug)]
pub(crate) struct OverrideHeader {
    pub(crate) name: HeaderName,
    pub(crate) secrets: Vec<Secret>,
}

/// What a request's header says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chosen<'r> {
    /// There is no header.
    Absent,
    /// There is one, but none that is signed and in time.
    Rejected,
    /// `rule=variant,…`.
    Valid(&'r [u8]),
}

impl OverrideHeader {
    /// The first value that is signed and has not expired. The clock is asked for only if there is a
    /// header; where the host does not tell the time, none is valid.
    pub(crate) fn read<'r>(
        &self,
        request: &RequestHead<'r>,
        now: impl FnOnce() -> UnixTime,
    ) -> Chosen<'r> {
        let mut values = request.headers().values(self.name.as_bytes()).peekable();
        if values.peek().is_none() {
            return Chosen::Absent;
        }
        let now = now();
        let mut values = values.take(MOST_VALUES);
        match values.find_map(|value| self.verified(value, now)) {
            Some(choices) => Chosen::Valid(choices),
            None => Chosen::Rejected,
        }
    }

    fn verified<'r>(&self, value: &'r [u8], now: UnixTime) -> Option<&'r [u8]> {
        if value.len() > LONGEST || now == UnixTime::default() {
            return None;
        }
        let (head, signature) = value.split_last_chunk::<64>()?;
        let signature: [u8; 32] = hex::bytes(signature)?;
        let signed = head.strip_suffix(b";sig=")?;
        let end = signed.iter().rposition(|byte| *byte == b';')?;
        let (choices, expiry) = signed.split_at_checked(end)?;
        let expiry = decimal(expiry.strip_prefix(b";exp=")?)?;
        if expiry <= now.0 / NANOS {
            return None;
        }
        // Constant in time: what differs, and where, is not told.
        let by = |secret: &Secret| HMAC::verify(signed, secret.as_bytes(), &signature);
        self.secrets.iter().any(by).then_some(choices)
    }
}

impl<'r> Chosen<'r> {
    /// The variant that is chosen for `rule`.
    pub(crate) fn variant(self, rule: &str) -> Option<&'r [u8]> {
        let Self::Valid(choices) = self else { return None };
        choices.split(|byte| *byte == b',').find_map(|choice| {
            let mut halves = choice.splitn(2, |byte| *byte == b'=');
            (halves.next()? == rule.as_bytes()).then(|| halves.next()).flatten()
        })
    }
}

/// A number of 1 to 19 decimal digits.
fn decimal(digits: &[u8]) -> Option<u64> {
    if digits.is_empty() || digits.len() > 19 {
        return None;
    }
    digits.iter().try_fold(0, |sum: u64, digit| {
        digit.is_ascii_digit().then(|| sum * 10 + u64::from(*digit - b'0'))
    })
}
