//! From the wire form of a split to the engine that chooses.

use super::{cookie, layers, set};
use crate::config;
use crate::plan::Writes;
use crate::protection::Protection;
use crate::schedule::Ramp;
use crate::split::{Layer, Override, Split, Variant};
use crate::stats::VariantStats;
use crate::variants::{MOST, Variants};
use attributes::Expression;
use filter_api::{ConfigError, HeaderName, HeaderValue, MetricRegistry};
use filter_config::{check, quoted};
use matchers::FractionalPercent;
use matchers::sticky::Seed;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(60 * 60);
const DEFAULT_MIN_REQUESTS: u32 = 10;
const DEFAULT_HOLDOUT_SALT: &str = "holdout";

/// Checks the object at `split`.
pub(super) fn parse(
    wire: &config::Split,
    rule: &str,
    mirror: &(HeaderName, HeaderValue),
    metrics: &mut dyn MetricRegistry,
) -> Result<Split, ConfigError> {
    if wire.variants.is_empty() && wire.bucket_header.is_none() {
        return Err(ConfigError::found("", "nothing to choose", "variants, bucketHeader or both"));
    }
    let key = wire.key.as_deref().map(Expression::parse).transpose();
    let key = key.map_err(|why| ConfigError::new("key", why))?;
    let cookie = wire.cookie.as_ref().map(cookie::parse).transpose();
    let cookie = cookie.map_err(|error| error.within("cookie"))?;
    if key.is_none() && cookie.is_none() {
        refuse_without_user(wire)?;
    }
    let (variants, weights) = variants(wire, rule, mirror, metrics)?;
    let ramp = wire.ramp.as_ref().map(|ramp| parse_ramp(ramp, &variants, &weights)).transpose();
    let bucket_header = wire.bucket_header.as_deref();
    Ok(Split {
        ramp: ramp.map_err(|error| error.within("ramp"))?,
        seed: Seed::of(wire.salt.as_deref().unwrap_or(rule)),
        bucket_header: bucket_header
            .map(|name| check::header_name("bucketHeader", name))
            .transpose()?,
        overrides: overrides(wire, &variants)?,
        holdout: wire.holdout.as_ref().map(holdout).transpose()?,
        layer: wire.layer.as_ref().map(layer).transpose()?,
        protection: protection(wire, rule, &variants)?,
        key,
        cookie,
        variants,
        weights,
    })
}

/// What means nothing where every request draws anew.
fn refuse_without_user(wire: &config::Split) -> Result<(), ConfigError> {
    let fields = [
        ("salt", wire.salt.is_some()),
        ("bucketHeader", wire.bucket_header.is_some()),
        ("holdout", wire.holdout.is_some()),
        ("layer", wire.layer.is_some()),
    ];
    match fields.iter().find(|(_, present)| *present) {
        None => Ok(()),
        Some((field, _)) => {
            let allowed = "it with key, cookie or both";
            Err(ConfigError::found(*field, "it without key and cookie", allowed))
        }
    }
}

fn variants(
    wire: &config::Split,
    rule: &str,
    mirror: &(HeaderName, HeaderValue),
    metrics: &mut dyn MetricRegistry,
) -> Result<(Vec<Variant>, Variants), ConfigError> {
    if wire.variants.len() > MOST {
        return Err(ConfigError::found("variants", wire.variants.len(), "at most 64"));
    }
    let mut variants: Vec<Variant> = Vec::with_capacity(wire.variants.len());
    let mut weights = Vec::with_capacity(wire.variants.len());
    for (index, variant) in wire.variants.iter().enumerate() {
        let path = format!("variants[{index}]");
        let known = variants.iter().map(|variant| variant.name.as_str());
        let (writes, weight) =
            parse_variant(variant, known, mirror).map_err(|error| error.within(&path))?;
        weights.push((variant.name.as_str(), weight));
        let stats = VariantStats::define(metrics, rule, &variant.name);
        variants.push(Variant { name: variant.name.clone(), writes, stats });
    }
    if !weights.is_empty() && weights.iter().all(|(_, weight)| *weight == 0) {
        return Err(ConfigError::found("variants", "no weight above 0", "at least one"));
    }
    Ok((variants, Variants::new(weights)))
}

fn parse_variant<'a>(
    wire: &config::Variant,
    mut known: impl Iterator<Item = &'a str>,
    mirror: &(HeaderName, HeaderValue),
) -> Result<(Writes, u64), ConfigError> {
    // A dot would make statistics ambiguous, whose names hold the rule's and the variant's.
    if wire.name.bytes().any(|byte| byte == b'.') {
        let allowed = "1 to 64 of A-Z, a-z, 0-9, `_`, `-`";
        return Err(ConfigError::found("name", quoted(&wire.name), allowed));
    }
    check::rule_name(&wire.name, std::iter::empty())?;
    if known.any(|known| known == wire.name) {
        let found = ["`", &wire.name, "` twice"].concat();
        return Err(ConfigError::found("name", found, "a name that no other variant has"));
    }
    let weight = matchers::weight(wire.weight).map_err(|error| error.within("weight"))?;
    let writes = wire.set.as_ref().map(|set| set::writes(set, mirror)).transpose();
    Ok((writes.map_err(|error| error.within("set"))?.unwrap_or_default(), weight))
}

fn parse_ramp(
    wire: &config::Ramp,
    variants: &[Variant],
    weights: &Variants,
) -> Result<(usize, Ramp), ConfigError> {
    let variant = named(&wire.variant, variants)?;
    if weights.sum_without(variant) == 0 {
        let found = "the only one with a weight";
        return Err(ConfigError::found("variant", found, "one among others, who get the rest"));
    }
    let (start, end) = (wire.start.get(), wire.end.get());
    if end <= start {
        return Err(ConfigError::found("end", "a time that is not after start", "a later time"));
    }
    let from = percent("from", wire.from.get())?.parts_per_million();
    let to = percent("to", wire.to.get())?.parts_per_million();
    Ok((variant, Ramp { from, to, start, end }))
}

fn overrides(wire: &config::Split, variants: &[Variant]) -> Result<Vec<Override>, ConfigError> {
    let mut overrides: Vec<Override> = Vec::new();
    for (index, entry) in wire.overrides.iter().enumerate() {
        let path = format!("overrides[{index}]");
        if wire.key.is_none() {
            return Err(ConfigError::found(path, "it without key", "it with key"));
        }
        let variant = named(&entry.variant, variants).map_err(|error| error.within(&path))?;
        for value in &entry.values {
            if overrides.iter().any(|known| *known.key == *value.as_bytes()) {
                let found = [&quoted(value), " twice"].concat();
                return Err(ConfigError::found("values", found, "each value once").within(&path));
            }
            overrides.push(Override { key: value.as_bytes().into(), variant });
        }
    }
    Ok(overrides)
}

fn holdout(wire: &config::Holdout) -> Result<(Seed, FractionalPercent), ConfigError> {
    let share = percent("value", wire.value.get()).map_err(|error| error.within("holdout"))?;
    Ok((Seed::of(wire.salt.as_deref().unwrap_or(DEFAULT_HOLDOUT_SALT)), share))
}

fn layer(wire: &config::Layer) -> Result<Layer, ConfigError> {
    let (from, to) = layers::bounds(wire).map_err(|error| error.within("layer"))?;
    // A layer's numbers are not those of a rule's salt that happens to have its name.
    Ok(Layer { seed: Seed::of(&["layer/", &wire.name].concat()), from, to })
}

fn protection(
    wire: &config::Split,
    rule: &str,
    variants: &[Variant],
) -> Result<Option<Protection>, ConfigError> {
    let Some(protect) = &wire.protect else { return Ok(None) };
    let within = |error: ConfigError| error.within("protect");
    if variants.len() < 2 {
        return Err(ConfigError::found("protect", "it without two variants", "it with them"));
    }
    let excess = protect.error_ratio_excess.get();
    if !(0.0..1.0).contains(&excess) {
        let found = if excess < 0.0 { "a negative number" } else { "1 or more" };
        let allowed = "a number from 0 up to, but not, 1";
        return Err(within(ConfigError::found("errorRatioExcess", found, allowed)));
    }
    let window = protect.window.get();
    check::duration_within("window", window, SECOND, HOUR).map_err(within)?;
    let min = check::whole("minRequests", protect.min_requests, 1, u32::MAX).map_err(within)?;
    let names = variants.iter().map(|variant| variant.name.as_str());
    let terms = (window, excess, min.unwrap_or(DEFAULT_MIN_REQUESTS));
    Ok(Some(Protection::new(rule, names, terms, protect.drain)))
}

/// The variant that a field `variant` names.
fn named(name: &str, variants: &[Variant]) -> Result<usize, ConfigError> {
    variants.iter().position(|variant| variant.name == name).ok_or_else(|| {
        ConfigError::found("variant", quoted(name), "the name of one of the variants")
    })
}

fn percent(field: &str, value: f64) -> Result<FractionalPercent, ConfigError> {
    FractionalPercent::from_percent(value).map_err(|why| ConfigError::new(field, why))
}
