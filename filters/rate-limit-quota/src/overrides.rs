//! Which of a quota's limits holds for a key: the first override of which every dimension matches.

use addresses::{IpPrefix, parse_ip};
use filter_api::ConfigError;
use filter_config::quoted;
use matchers::{StringMatch, StringMatcher};

#[cfg(test)]
mod tests;

/// How a dimension's value has to be.
#[derive(Clone, Debug)]
pub(crate) enum Pattern {
    /// An address of this network.
    Cidr(IpPrefix),
    /// This text, this beginning, or a regular expression.
    Text(StringMatcher),
}

impl Pattern {
    /// Reads what the user wrote: `exact:`, `prefix:`, `cidr:` or `regex:` and the rest; without one
    /// of them a text that ends in `*` is a prefix, a network with its length is one, and all else is
    /// exact.
    ///
    /// # Errors
    /// At the value itself: a pattern or a network that is none.
    pub(crate) fn parse(text: &str) -> Result<Self, ConfigError> {
        let is_network = || text.contains('/') && IpPrefix::parse(text).is_ok();
        if let Some((kind @ ("exact" | "prefix" | "cidr" | "regex"), rest)) = text.split_once(':') {
            return match kind {
                "exact" => Self::exact(rest),
                "prefix" => Self::prefix(rest),
                "cidr" => {
                    IpPrefix::parse(rest).map(Self::Cidr).map_err(|why| ConfigError::new("", why))
                }
                _ => Self::text(StringMatch { regex: Some(rest.to_owned()), ..empty() }),
            };
        }
        match text.strip_suffix('*') {
            Some(prefix) => Self::prefix(prefix),
            None if is_network() => {
                IpPrefix::parse(text).map(Self::Cidr).map_err(|why| ConfigError::new("", why))
            }
            None => Self::exact(text),
        }
    }

    fn exact(text: &str) -> Result<Self, ConfigError> {
        Self::text(StringMatch { exact: Some(text.to_owned()), ..empty() })
    }

    /// `*` alone is every text, the empty one too.
    fn prefix(text: &str) -> Result<Self, ConfigError> {
        let (prefix, regex) = match text {
            "" => (None, Some("(?s).*".to_owned())),
            _ if text.contains('*') => {
                let allowed = "`*` at the end only; `regex:` for more";
                return Err(ConfigError::found("", quoted(text), allowed));
            }
            _ => (Some(text.to_owned()), None),
        };
        Self::text(StringMatch { prefix, regex, ..empty() })
    }

    fn text(wire: StringMatch) -> Result<Self, ConfigError> {
        StringMatcher::from_wire(&wire, false, "").map(Self::Text)
    }

    /// Whether the value is as it has to be.
    pub(crate) fn matches(&self, value: &[u8]) -> bool {
        match self {
            Self::Cidr(network) => parse_ip(value).is_some_and(|ip| network.contains(ip)),
            Self::Text(text) => text.matches(value),
        }
    }
}

fn empty() -> StringMatch {
    StringMatch::default()
}
