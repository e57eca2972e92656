//! Expectation against observation, the same for every executor.

use crate::exchange::joined;
use crate::{Bounds, Expect, Observed, Share, Upstream};
use std::collections::BTreeMap;
use std::time::Duration;

#[cfg(test)]
mod tests;

/// How far the executor's clock may be off.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tolerance {
    /// Earlier than expected.
    pub early: Duration,
    /// Later than expected.
    pub late: Duration,
}

/// Says everything in which `observed` is not as expected, in one line.
///
/// # Errors
/// The differences.
pub fn check(expect: &Expect, observed: &Observed, tolerance: Tolerance) -> Result<(), String> {
    let mut wrong = Differences::default();
    wrong.compare("status", expect.status.map(Some), &observed.status);
    let body = String::from_utf8_lossy(&observed.body).into_owned();
    wrong.compare("body", expect.body.clone(), &body);
    wrong.compare("body length", expect.body_length, &observed.body.len());
    wrong.compare("details", expect.details.clone(), &observed.details);
    wrong.compare("reset", expect.reset, &observed.reset);
    wrong.compare("upstream called", expect.upstream_called, &observed.upstream_called);
    wrong.compare("filter state", expect.filter_state.clone(), &observed.filter_state);
    for (name, value) in &expect.headers {
        wrong.compare(name, Some(Some(value.clone())), &text(&observed.headers, name));
    }
    for (name, value) in &expect.upstream_headers {
        wrong.compare(name, Some(Some(value.clone())), &text(&observed.upstream_headers, name));
    }
    for name in &expect.present_headers {
        wrong.compare(name, Some(true), &text(&observed.headers, name).is_some());
    }
    for name in &expect.absent_headers {
        wrong.compare(name, Some(None), &text(&observed.headers, name));
    }
    for name in &expect.absent_upstream_headers {
        wrong.compare(name, Some(None), &text(&observed.upstream_headers, name));
    }
    for (key, value) in &expect.filter_states {
        let found = observed.filter_states.get(key).cloned().unwrap_or_default();
        wrong.compare(key, Some(value.clone()), &found);
    }
    if let Some(delay) = expect.delay_ms {
        let (min, max) = delay.range();
        let min = Duration::from_millis(min).saturating_sub(tolerance.early);
        let max = Duration::from_millis(max) + tolerance.late;
        if !(min..=max).contains(&observed.elapsed) {
            wrong.0.push(format!("took {:?}, expected {min:?} to {max:?}", observed.elapsed));
        }
    }
    wrong.done()
}

/// Checks that a share of the exchanges is as expected, within 99.9 % binomial bounds, and that the
/// others are the upstream's own answer.
///
/// # Errors
/// A share out of bounds, or an exchange that is neither.
pub fn check_share(
    expect: &Expect,
    share: Share,
    upstream: &Upstream,
    observed: &[Observed],
    tolerance: Tolerance,
) -> Result<(), String> {
    let untouched = Expect {
        status: Some(upstream.status),
        body: Some(String::from_utf8_lossy(&upstream.body_bytes()).into_owned()),
        upstream_called: Some(true),
        filter_state: Some(String::new()),
        ..Expect::default()
    };
    let mut hits = 0_u32;
    for (index, one) in observed.iter().enumerate() {
        if let Err(not_hit) = check(expect, one, tolerance) {
            check(&untouched, one, tolerance).map_err(|touched| {
                format!("request {index} is neither hit ({not_hit}) nor untouched ({touched})")
            })?;
        } else {
            hits += 1;
        }
    }
    let (requests, p) = (observed.len() as f64, share.percent / 100.0);
    // 3.29 standard deviations hold 99.9 %; one more for the step from discrete to continuous.
    let slack =
        3.29 * (requests * p * (1.0 - p)).sqrt() + if p == 0.0 || p == 1.0 { 0.0 } else { 1.0 };
    if (f64::from(hits) - requests * p).abs() <= slack {
        return Ok(());
    }
    Err(format!("{hits} of {requests} were hit, expected {} ± {slack:.1}", requests * p))
}

/// Compares metrics by name; those not expected must be 0.
///
/// # Errors
/// Every metric that is not as expected.
pub fn check_counters(
    expected: &BTreeMap<String, Bounds>,
    nonzero: &BTreeMap<String, u64>,
) -> Result<(), String> {
    let mut wrong = Differences::default();
    for (name, bounds) in expected {
        let found = nonzero.get(name).copied().unwrap_or_default();
        if !bounds.contains(found) {
            wrong.0.push(format!("{name} is {found}, expected {bounds:?}"));
        }
    }
    for (name, found) in nonzero.iter().filter(|(name, _)| !expected.contains_key(*name)) {
        wrong.0.push(format!("{name} is {found}, expected 0"));
    }
    wrong.done()
}

fn text(headers: &[(Vec<u8>, Vec<u8>)], name: &str) -> Option<String> {
    joined(headers, name).map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug>(
        &mut self,
        what: &str,
        expected: Option<T>,
        found: &T,
    ) {
        if let Some(expected) = expected.filter(|expected| expected != found) {
            self.0.push(format!("{what} is {found:?}, expected {expected:?}"));
        }
    }

    fn done(self) -> Result<(), String> {
        if self.0.is_empty() { Ok(()) } else { Err(self.0.join("; ")) }
    }
}
