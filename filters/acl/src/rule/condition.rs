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
use matchers::header_index::{HeaderIndex, Held, Slot, Snapshot};

/// An entry of `when`, compiled.
#[derive(Debug)]
pub(super) enum ConditionMatcher {
    /// An address of the host.
    Address(Box<AddressMatcher>),
    /// Any other attribute. Of a request, absence is a fact; of the host it is a gap.
    Attribute { attribute: Expression, values: Alternatives },
    /// A header.
    Header(HeaderMatcher),
    /// Who calls.
    Source(SourceMatcher),
}

/// A condition on a header.
#[derive(Debug)]
pub(super) struct HeaderMatcher {
    name: HeaderKey,
    slot: Option<Slot>,
    values: Alternatives,
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
            Some(name) => Self::Header(HeaderMatcher { name: name.clone(), slot: None, values }),
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
            Self::Header(header) => header.matches(facts.headers, reading),
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

    /// Whether it is settled by what the request says itself.
    pub(super) fn is_of_request(&self) -> bool {
        match self {
            Self::Header(_) => true,
            Self::Attribute { attribute, .. } => !attribute.reads_host(),
            Self::Address(_) | Self::Source(_) => false,
        }
    }

    pub(super) fn needs_request_headers(&self) -> bool {
        match self {
            Self::Header(_) => true,
            Self::Attribute { attribute, .. } => attribute.needs_request_headers(),
            Self::Address(_) | Self::Source(_) => false,
        }
    }
}

impl HeaderMatcher {
    pub(super) fn matches(&self, headers: &Snapshot<'_>, reading: Reading) -> bool {
        match headers.held(self.slot) {
            Held::One(value) => self.values.is_met_by(value, reading),
            Held::Nothing => self.values.look().is_met(reading),
            Held::Several => self.is_met_by_all(headers, reading),
        }
    }

    #[cold]
    fn is_met_by_all(&self, headers: &Snapshot<'_>, reading: Reading) -> bool {
        let mut look = self.values.look();
        headers.values(&self.name).for_each(|value| look.at(value));
        look.is_met(reading)
    }

    /// Has the header read through `index`. The slot is returned if the header has to be there.
    pub(super) fn index(&mut self, index: &mut HeaderIndex) -> Option<Slot> {
        self.slot = index.slot(&self.name);
        self.slot.filter(|_| self.values.of.is_some())
    }
}

fn prefixes(field: (&str, &Option<Vec<String>>)) -> Result<Option<IpPrefixSet>, ConfigError> {
    let prefix = |text: &str| IpPrefix::parse(text).map_err(|why| ConfigError::new("", why));
    Ok(texts(field, prefix)?.map(|list| list.into_iter().collect()))
}
