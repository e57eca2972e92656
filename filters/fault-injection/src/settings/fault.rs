//! From the wire form of a fault to the engine that draws it.

use super::{abort, delay, response};
use crate::config;
use crate::fault::{Chance, Fault, Outcome};
use crate::header_control::Percentage as Control;
use crate::outcome::Table;
use filter_api::ConfigError;
use filter_config::check::one_of;
use filter_config::wire::UInt;
use matchers::sticky::Draw;
use matchers::{Percentage, Selection};
use replies::ReplyTemplate;

/// Checks the object at `fault`.
pub(super) fn parse(
    wire: &config::Fault,
    rule: &str,
    template: &ReplyTemplate,
) -> Result<Fault, ConfigError> {
    let salt = |kind: &str| [rule, ".", kind].concat();
    let has_kinds = wire.delay.is_some() || wire.abort.is_some() || wire.response.is_some();
    if let Some(outcomes) = &wire.outcomes {
        if has_kinds {
            let found = "it beside delay, abort or response";
            return Err(ConfigError::found("outcomes", found, "one or the other"));
        }
        let draw =
            Draw::from_wire(wire.key.as_deref(), wire.salt.as_deref(), &salt("outcomes"), "")?;
        return Ok(Fault::Outcomes { table: table(outcomes, rule, template)?, draw });
    }
    if !has_kinds {
        return Err(ConfigError::found("", "nothing", "delay, abort, response or outcomes"));
    }
    for (field, present) in [("key", wire.key.is_some()), ("salt", wire.salt.is_some())] {
        if present {
            let allowed = "one in the percentage of each kind";
            return Err(ConfigError::found(field, "it without outcomes", allowed));
        }
    }
    let delay = wire.delay.as_ref().map(|wire| {
        let control = wire.header_delay.map(|_| Control::Delay);
        let chance = chance(wire.percentage.as_ref(), wire.percent, control, &salt("delay"))?;
        Ok((chance, delay::source(wire)?))
    });
    let abort = wire.abort.as_ref().map(|wire| {
        let control = wire.header_abort.map(|_| Control::Abort);
        let chance = chance(wire.percentage.as_ref(), wire.percent, control, &salt("abort"))?;
        Ok((chance, abort::source(wire, template)?))
    });
    let response = wire.response.as_ref().map(|wire| {
        let control = wire.header_limit.map(|_| Control::Throughput);
        let chance = chance(wire.percentage.as_ref(), wire.percent, control, &salt("response"))?;
        Ok((chance, response::fault(wire, rule)?))
    });
    Ok(Fault::Independent {
        delay: at("delay", delay)?,
        abort: at("abort", abort)?,
        response: at("response", response)?,
    })
}

fn chance(
    percentage: Option<&Percentage>,
    percent: Option<UInt>,
    control: Option<Control>,
    salt: &str,
) -> Result<Chance, ConfigError> {
    Ok(Chance { selection: Selection::from_wire(percentage, percent, salt, "")?, control })
}

fn at<T>(field: &str, kind: Option<Result<T, ConfigError>>) -> Result<Option<T>, ConfigError> {
    kind.transpose().map_err(|error| error.within(field))
}

fn table(
    outcomes: &[config::Outcome],
    rule: &str,
    template: &ReplyTemplate,
) -> Result<Table<Outcome>, ConfigError> {
    let mut entries = Vec::with_capacity(outcomes.len());
    for (index, wire) in outcomes.iter().enumerate() {
        let entry = outcome(wire, rule, template)
            .map_err(|error| error.within(&format!("outcomes[{index}]")))?;
        entries.push(entry);
    }
    Table::new(entries)
        .ok_or_else(|| ConfigError::found("outcomes", "no weight above 0", "at least one"))
}

/// One entry with its weight in ten thousandths.
fn outcome(
    wire: &config::Outcome,
    rule: &str,
    template: &ReplyTemplate,
) -> Result<(u64, Outcome), ConfigError> {
    let weight = matchers::weight(wire.weight).map_err(|error| error.within("weight"))?;
    let drawn = [
        ("delay", wire.delay.as_ref().is_some_and(|w| has_chance(&w.percentage, w.percent))),
        ("abort", wire.abort.as_ref().is_some_and(|w| has_chance(&w.percentage, w.percent))),
        ("response", wire.response.as_ref().is_some_and(|w| has_chance(&w.percentage, w.percent))),
    ];
    if let Some((field, _)) = drawn.iter().find(|(_, has_chance)| *has_chance) {
        let allowed = "none: the weight decides";
        return Err(ConfigError::found(*field, "a percentage", allowed));
    }
    if wire.abort.is_some() {
        one_of(&[("abort", true), ("response", wire.response.is_some())], false)?;
    }
    let outcome = Outcome {
        delay: at("delay", wire.delay.as_ref().map(delay::source))?,
        abort: at("abort", wire.abort.as_ref().map(|wire| abort::source(wire, template)))?,
        response: at("response", wire.response.as_ref().map(|wire| response::fault(wire, rule)))?,
    };
    Ok((weight, outcome))
}

fn has_chance(percentage: &Option<Percentage>, percent: Option<UInt>) -> bool {
    percentage.is_some() || percent.is_some()
}
