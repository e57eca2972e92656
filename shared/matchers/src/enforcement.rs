//! Whether what a rule decides is carried out.

use crate::{Percentage, Selection};
use filter_api::{ConfigError, Environment, RequestHead};
use serde::Deserialize;

#[cfg(test)]
mod tests;

/// Whether what is decided is carried out.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Mode {
    /// It is.
    #[default]
    Enforce,
    /// It is decided, counted and published, and nothing happens.
    Shadow,
}

/// For which requests a rule is enforced; for the others it is a shadow.
#[derive(Clone, Debug)]
pub struct Enforcement {
    mode: Mode,
    /// The share of the requests that an enforced rule is enforced for; `None` for all of them.
    share: Option<Selection>,
}

impl Enforcement {
    /// From the fields `mode` and `enforcePercentage` of a rule, and the `mode` of its filter for
    /// rules that have none. `path` is the rule's.
    ///
    /// # Errors
    /// What [`Selection::from_wire`] refuses in the percentage, or one beside the rule's own
    /// `mode: SHADOW`, which leaves nothing to enforce.
    pub fn from_wire(
        own: Option<Mode>,
        of_filter: Option<Mode>,
        enforce_percentage: Option<&Percentage>,
        default_salt: &str,
        path: &str,
    ) -> Result<Self, ConfigError> {
        const FIELD: &str = "enforcePercentage";
        if own == Some(Mode::Shadow) && enforce_percentage.is_some() {
            let allowed = "it with mode: ENFORCE, or no such field";
            return Err(ConfigError::found(FIELD, "it beside mode: SHADOW", allowed).within(path));
        }
        let share = enforce_percentage
            .map(|wire| Selection::from_percentage(wire, default_salt))
            .transpose()
            .map_err(|error| error.within(FIELD).within(path))?;
        Ok(Self { mode: own.or(of_filter).unwrap_or_default(), share })
    }

    /// Whether the rule is enforced for this request.
    pub fn decide(&self, request: &RequestHead<'_>, env: &mut dyn Environment) -> Mode {
        match &self.share {
            Some(share) if self.mode == Mode::Enforce && !share.selects(request, env) => {
                Mode::Shadow
            }
            _ => self.mode,
        }
    }

    /// Whether the rule is never enforced.
    #[must_use]
    pub fn is_shadow(&self) -> bool {
        self.mode == Mode::Shadow
    }

    /// Whether [`decide`](Self::decide) reads the request's headers.
    #[must_use]
    pub fn needs_request_headers(&self) -> bool {
        let is_drawn = self.mode == Mode::Enforce;
        is_drawn && self.share.as_ref().is_some_and(Selection::needs_request_headers)
    }
}
