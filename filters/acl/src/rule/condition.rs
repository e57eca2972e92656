//! Conditions on attributes.

use super::Reading;
use super::operation::texts;
use super::value::Alternatives;
use crate::config::Condition;
use crate::facts::Facts;
use crate::pattern::Pattern;
use addresses::{IpPrefix, IpPrefixSet, parse_ip};
use attributes::{Expression, HeaderKey};
use filter_api::{ConfigError, Environment};
use identity::SourceMatcher;
use matchers::header_index::{HeaderIndex, Held, Slot};

/// An entry of `when`, compiled.
#[derive(Debug)]
pub(super) enum ConditionMatcher {
    /// An address of the host.
    Address(Box<AddressMatcher>),
    /// Any other attribute. Of a request, absence is a fact; of the host it is a gap.
    Attribute {
        attribute: Expression,
        values: Alternatives,
    },
    Header {
        name: HeaderKey,
        slot: Option<Slot>,
        values: Alternatives,
    },
    /// Who calls.
    Source(SourceMatcher),
}

/// Prefixes that an address has to lie in, or outside of.
#[derive(Debug)]
pub(super) struct AddressMatcher {
    address: Expression,
    of: Option<IpPrefixSet>,
    not: Option<IpPrefixSet>,
}

impl ConditionMatcher {
    pub(super) fn from_wire(wire: &Condition) -> Result<Self, ConfigError> {
        let (of, not) = (("values", &wire.values), ("notValues", &wire.not_values));
        if wire.values.is_none() && wire.not_values.is_none() {
            return Err(ConfigError::found("", "neither", "values, notValues, or both"));
        }
        let (values, not_values) = (wire.values.as_deref(), wire.not_values.as_deref());
        if let Some(source) = SourceMatcher::of_condition(&wire.key, values, not_values, "") {
            return source.map(Self::Source);
        }
        let attribute = Expression::parse(&wire.key).map_err(|why| ConfigError::new("key", why))?;
        if wire.key == "destination.ip" {
            let (of, not) = (prefixes(of)?, prefixes(not)?);
            let matcher = AddressMatcher { address: attribute, of, not };
            return Ok(Self::Address(Box::new(matcher)));
        }
        let pattern = |text: &str| Ok(Pattern::new(text));
        let values = Alternatives { of: texts(of, pattern)?, not: texts(not, pattern)? };
        Ok(match attribute.header() {
            Some(name) => Self::Header { name: name.clone(), slot: None, values },
            None => Self::Attribute { attribute, values },
        })
    }

    pub(super) fn matches(
        &self,
        facts: &mut Facts<'_>,
        reading: Reading,
        env: &mut dyn Environment,
    ) -> bool {
        match self {
            Self::Header { name, slot, values } => match facts.headers.held(*slot) {
                Held::Nothing => values.look().is_met(reading),
                Held::One(value) => values.is_met_by(value, reading),
                Held::Several => {
                    let mut look = values.look();
                    facts.headers.values(name).for_each(|value| look.at(value));
                    look.is_met(reading)
                }
            },
            Self::Source(source) => reading.settle(source.matches(&mut facts.peer, env)),
            Self::Attribute { attribute, values } => {
                let mut look = values.look();
                let exists = attribute.visit(&facts.request, env, &mut |value| look.at(value));
                if !exists && attribute.reads_host() {
                    return reading.missing;
                }
                look.is_met(reading)
            }
            Self::Address(matcher) => {
                let AddressMatcher { address, of, not } = matcher.as_ref();
                let found = address.evaluate(&facts.request, env);
                let Some(ip) = found.and_then(|text| parse_ip(&text)) else {
                    return reading.missing;
                };
                of.as_ref().is_none_or(|set| set.contains(ip))
                    && not.as_ref().is_none_or(|set| !set.contains(ip))
            }
        }
    }

    /// Has the header read through `index`. The slot is returned if the header has to be there.
    pub(super) fn index(&mut self, index: &mut HeaderIndex) -> Option<Slot> {
        let Self::Header { name, slot, values } = self else { return None };
        *slot = index.slot(name);
        slot.filter(|_| values.of.is_some())
    }

    /// Whether it is settled by what the request says itself.
    pub(super) fn is_of_request(&self) -> bool {
        match self {
            Self::Header { .. } => true,
            Self::Attribute { attribute, .. } => !attribute.reads_host(),
            Self::Address(_) | Self::Source(_) => false,
        }
    }

    pub(super) fn needs_request_headers(&self) -> bool {
        match self {
            Self::Header { .. } => true,
            Self::Attribute { attribute, .. } => attribute.needs_request_headers(),
            Self::Address(_) | Self::Source(_) => false,
        }
    }
}

fn prefixes(field: (&str, &Option<Vec<String>>)) -> Result<Option<IpPrefixSet>, ConfigError> {
    let prefix = |text: &str| IpPrefix::parse(text).map_err(|why| ConfigError::new("", why));
    Ok(texts(field, prefix)?.map(|list| list.into_iter().collect()))
}
