//! The share of matching requests that a rule applies to.

use crate::FractionalPercent;
use crate::sticky::Draw;
use filter_api::{ConfigError, Environment, RequestHead};
use filter_config::wire;
use serde::Deserialize;

#[cfg(test)]
mod tests;

/// A share of the requests.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Percentage {
    /// Percent, 0 to 100, with at most four decimals (exact to one millionth).
    pub value: wire::Decimal,
    /// Attribute expression, e.g. `request.headers["end-user"] | source.ip`. With it the selection
    /// is sticky: the same key always gets the same answer, on every worker and at every hop, and
    /// raising `value` only adds keys. Requests without the key are drawn at random.
    #[serde(default)]
    pub key: Option<String>,
    /// Independent experiments have different salts. Default: rule and kind of fault.
    #[serde(default)]
    pub salt: Option<String>,
}

/// Decides which requests are within a share.
#[derive(Clone, Debug)]
pub struct Selection {
    threshold: FractionalPercent,
    draw: Draw,
}

impl Selection {
    /// Makes a selection of what stands in the object at `path`: `percentage`, or the older
    /// `percent`. Exactly one of them is needed.
    ///
    /// # Errors
    /// Both or none of them, a share outside 0–100 % or finer than a millionth, a key that is no
    /// attribute expression, a salt without a key.
    pub fn from_wire(
        percentage: Option<&Percentage>,
        percent: Option<wire::UInt>,
        default_salt: &str,
        path: &str,
    ) -> Result<Self, ConfigError> {
        match (percentage, percent) {
            (Some(percentage), None) => Self::from_percentage(percentage, default_salt)
                .map_err(|error| error.within("percentage").within(path)),
            (None, Some(percent)) => Self::from_percent(percent)
                .map_err(|why| ConfigError::new("percent", why).within(path)),
            (Some(_), Some(_)) => {
                Err(ConfigError::found("percent", "it beside percentage", "one of them")
                    .within(path))
            }
            (None, None) => Err(ConfigError::new(
                "percentage",
                "missing, but required: Istio reads a missing percentage as 0, people as 100; \
                 write percentage: {value: 100} for every request",
            )
            .within(path)),
        }
    }

    /// From a percentage by itself, whose fields the error's path begins with.
    pub(crate) fn from_percentage(
        wire: &Percentage,
        default_salt: &str,
    ) -> Result<Self, ConfigError> {
        let threshold = FractionalPercent::from_percent(wire.value.get())
            .map_err(|why| ConfigError::new("value", why))?;
        let draw = Draw::from_wire(wire.key.as_deref(), wire.salt.as_deref(), default_salt, "")?;
        Ok(Self { threshold, draw })
    }

    fn from_percent(percent: wire::UInt) -> Result<Self, String> {
        let percent = percent.get();
        match u32::try_from(percent) {
            Ok(percent @ 0..=100) => Ok(Self {
                threshold: FractionalPercent::from_parts_per_million(percent * 10_000),
                draw: Draw::default(),
            }),
            _ => Err(format!("found {percent}, allowed is a whole number from 0 to 100")),
        }
    }

    /// Whether the request is within the share. A share of 0 % or 100 % draws nothing.
    pub fn selects(&self, request: &RequestHead<'_>, env: &mut dyn Environment) -> bool {
        if self.threshold == FractionalPercent::NEVER {
            return false;
        }
        self.threshold == FractionalPercent::ALWAYS
            || self.threshold.draw(self.draw.position(request, env))
    }

    /// The share.
    #[must_use]
    pub fn threshold(&self) -> FractionalPercent {
        self.threshold
    }

    /// The same selection with a share of at most `cap`; sticky keys that it selects are a subset.
    #[must_use]
    pub fn with_cap(&self, cap: FractionalPercent) -> Self {
        Self { threshold: self.threshold.min(cap), draw: self.draw.clone() }
    }

    /// Whether [`selects`](Self::selects) reads the request's headers.
    #[must_use]
    pub fn needs_request_headers(&self) -> bool {
        let is_drawn = !matches!(self.threshold.parts_per_million(), 0 | 1_000_000);
        is_drawn && self.draw.needs_request_headers()
    }
}
