//! From the wire form of a delay to its distribution.

use crate::config::{Delay, PercentileDelay};
use crate::delay::{Distribution, LONGEST, SHORTEST};
use crate::fault::DelaySource;
use filter_api::ConfigError;
use filter_config::check::{duration_text, duration_within, one_of};
use filter_config::wire::Duration;
use matchers::FractionalPercent;
use std::time;

/// The source of a request's delay.
pub(super) fn source(wire: &Delay) -> Result<DelaySource, ConfigError> {
    one_of(
        &[
            ("fixedDelay", wire.fixed_delay.is_some()),
            ("uniformDelay", wire.uniform_delay.is_some()),
            ("normalDelay", wire.normal_delay.is_some()),
            ("exponentialDelay", wire.exponential_delay.is_some()),
            ("percentiles", wire.percentiles.is_some()),
            ("headerDelay", wire.header_delay.is_some()),
        ],
        true,
    )?;
    Ok(distribution(wire)?.map_or(DelaySource::Header, DelaySource::Drawn))
}

/// The distribution of an answer's delay, which no header controls.
pub(super) fn of_response(wire: &Delay) -> Result<Distribution, ConfigError> {
    if wire.percentage.is_some() || wire.percent.is_some() {
        let allowed = "none: that of the response decides";
        return Err(ConfigError::found("", "a percentage", allowed));
    }
    match source(wire)? {
        DelaySource::Drawn(distribution) => Ok(distribution),
        DelaySource::Header => {
            Err(ConfigError::found("headerDelay", "it in a response", "headerDelay of requests"))
        }
    }
}

/// `None` where the delay is controlled by header.
fn distribution(wire: &Delay) -> Result<Option<Distribution>, ConfigError> {
    if let Some(fixed) = wire.fixed_delay {
        return Ok(Some(Distribution::Fixed(time("fixedDelay", fixed)?)));
    }
    if let Some(uniform) = &wire.uniform_delay {
        let (min, max) = range(time("min", uniform.min), time("max", uniform.max))
            .map_err(|error| error.within("uniformDelay"))?;
        return Ok(Some(Distribution::Uniform { min, max }));
    }
    if let Some(wire) = &wire.normal_delay {
        return normal(wire).map(Some).map_err(|error| error.within("normalDelay"));
    }
    if let Some(wire) = &wire.exponential_delay {
        let max = wire.max.map_or(Ok(LONGEST), |max| time("max", max));
        let (mean, max) = range(time("mean", wire.mean), max)
            .map_err(|error| error.within("exponentialDelay"))?;
        return Ok(Some(Distribution::Exponential { mean, max }));
    }
    wire.percentiles.as_deref().map(percentiles).transpose()
}

fn normal(wire: &crate::config::NormalDelay) -> Result<Distribution, ConfigError> {
    let min = wire.min.map_or(Ok(SHORTEST), |min| time("min", min));
    let max = wire.max.map_or(Ok(LONGEST), |max| time("max", max));
    let (min, max) = range(min, max)?;
    Ok(Distribution::Normal {
        mean: time("mean", wire.mean)?,
        standard_deviation: time("standardDeviation", wire.standard_deviation)?,
        min,
        max,
    })
}

fn percentiles(wire: &[PercentileDelay]) -> Result<Distribution, ConfigError> {
    let mut points: Vec<(f64, f64)> = Vec::with_capacity(wire.len() + 1);
    for (index, entry) in wire.iter().enumerate() {
        let path = format!("percentiles[{index}]");
        let (share, delay) = point(entry).map_err(|error| error.within(&path))?;
        if index == 0 && share > 0.0 {
            points.push((0.0, SHORTEST.as_nanos() as f64));
        }
        if points.last().is_some_and(|(x, y)| share <= *x || delay < *y) {
            let allowed = "percentiles and delays in ascending order";
            return Err(ConfigError::found(path, "less than in the entry before", allowed));
        }
        points.push((share, delay));
    }
    if points.is_empty() {
        return Err(ConfigError::found("percentiles", "an empty list", "at least one entry"));
    }
    Ok(Distribution::Percentiles(points))
}

fn point(entry: &PercentileDelay) -> Result<(f64, f64), ConfigError> {
    let percentile = FractionalPercent::from_percent(entry.percentile.get())
        .map_err(|why| ConfigError::new("percentile", why))?;
    let share = f64::from(percentile.parts_per_million()) / 1_000_000.0;
    Ok((share, time("delay", entry.delay)?.as_nanos() as f64))
}

/// A time that Envoy can hold a stream for, within reason.
fn time(field: &str, wire: Duration) -> Result<time::Duration, ConfigError> {
    duration_within(field, wire.get(), SHORTEST, LONGEST)?;
    Ok(wire.get())
}

/// The lower and the upper bound, of which the latter is greater.
fn range(
    lower: Result<time::Duration, ConfigError>,
    upper: Result<time::Duration, ConfigError>,
) -> Result<(time::Duration, time::Duration), ConfigError> {
    let (lower, upper) = (lower?, upper?);
    if upper <= lower {
        let allowed = ["more than ", &duration_text(lower)].concat();
        return Err(ConfigError::found("max", duration_text(upper), allowed));
    }
    Ok((lower, upper))
}
