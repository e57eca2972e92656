//! How many units a request takes.

use attributes::Expression;
use filter_api::{ConfigError, Environment, RequestHead};
use matchers::RequestMatcher;

#[cfg(test)]
mod tests;

/// Numbers by request: the first that matches counts.
pub(crate) type Table = Vec<(RequestMatcher, u64)>;

/// What a request costs.
#[derive(Clone, Debug)]
pub(crate) struct Cost {
    pub(crate) table: Table,
    pub(crate) otherwise: Units,
}

/// What a request costs that no entry of the table matches.
#[derive(Clone, Debug)]
pub(crate) enum Units {
    /// Always so many.
    Fixed(u64),
    /// What the request says, at least 1.
    Said(Expression),
}

impl Units {
    /// Reads the expression; a lone number in quotes is fixed, and may be 0.
    ///
    /// # Errors
    /// At `cost`: what is no expression.
    pub(crate) fn parse(text: Option<&str>) -> Result<Self, ConfigError> {
        let Some(text) = text else { return Ok(Self::Fixed(1)) };
        let inner = text.trim().strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
        if let Some(units) = inner.and_then(|digits| number(digits.as_bytes())) {
            return Ok(Self::Fixed(units));
        }
        let expression = Expression::parse(text).map_err(|why| ConfigError::new("cost", why))?;
        Ok(Self::Said(expression))
    }
}

impl Cost {
    /// Units of this request.
    pub(crate) fn of(&self, request: &RequestHead<'_>, env: &mut dyn Environment) -> u64 {
        let listed = self.table.iter().find(|(matcher, _)| matcher.matches(request));
        match (listed, &self.otherwise) {
            (Some((_, units)), _) | (None, Units::Fixed(units)) => *units,
            (None, Units::Said(expression)) => {
                let said = expression.evaluate(request, env);
                // A client that could name 0 would be free.
                said.and_then(|text| number(&text)).unwrap_or(1).max(1)
            }
        }
    }
}

/// A whole number; too great a one is the greatest. `None` for anything else.
pub(crate) fn number(text: &[u8]) -> Option<u64> {
    digits(text.trim_ascii())
}

/// As [`number`], but without space around it.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        Some(sum.saturating_mul(10).saturating_add(digit))
    })
}
