//! Parts of layers, of which no two may overlap.

use crate::config::{Layer, Rule, Split};
use filter_api::ConfigError;
use matchers::FractionalPercent;

/// Bounds of a part.
pub(super) type Bounds = (FractionalPercent, FractionalPercent);

/// Checks the parts of all rules against each other.
pub(super) fn check(rules: &[Rule]) -> Result<(), ConfigError> {
    let mut parts: Vec<(usize, &Split, &Layer, Bounds)> = Vec::new();
    for (index, rule) in rules.iter().enumerate() {
        let Some(split) = &rule.split else { continue };
        let Some(layer) = &split.layer else { continue };
        let path = format!("rules[{index}].split.layer");
        let (from, to) = bounds(layer).map_err(|error| error.within(&path))?;
        for (other, known, _, (known_from, known_to)) in
            parts.iter().filter(|(_, _, known, _)| known.name == layer.name)
        {
            let problem = if !is_alike(known, split) {
                "another key or cookie than"
            } else if *known_from < to && from < *known_to {
                "an overlap with"
            } else {
                continue;
            };
            let found = format!("{problem} rules[{other}]");
            let allowed = "parts of the same key and cookie that do not overlap";
            return Err(ConfigError::found(path, found, allowed));
        }
        parts.push((index, split, layer, (from, to)));
    }
    Ok(())
}

/// Whether two splits know users by the same number.
fn is_alike(one: &Split, other: &Split) -> bool {
    let cookie = |split: &Split| split.cookie.as_ref().map(|cookie| cookie.name.clone());
    one.key == other.key && cookie(one) == cookie(other)
}

/// The bounds of a part.
pub(super) fn bounds(layer: &Layer) -> Result<Bounds, ConfigError> {
    let percent = |field: &str, value: f64| {
        FractionalPercent::from_percent(value).map_err(|why| ConfigError::new(field, why))
    };
    let (from, to) = (percent("from", layer.from.get())?, percent("to", layer.to.get())?);
    if to <= from {
        return Err(ConfigError::found("to", "a number that is not above from", "a greater one"));
    }
    Ok((from, to))
}
