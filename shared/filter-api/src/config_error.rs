//! Why a configuration is refused, in one line.

use std::fmt;

/// A refused configuration: where, what was found, what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    path: String,
    reason: String,
}

impl ConfigError {
    /// An error at a JSON path such as `rules[0].fault.abort.httpStatus`; the empty path is the
    /// configuration as a whole.
    #[must_use]
    pub fn new(path: impl Into<String>, reason: impl Into<String>) -> Self {
        Self { path: path.into(), reason: one_line(&reason.into()) }
    }

    /// The usual shape of a reason.
    #[must_use]
    pub fn found(
        path: impl Into<String>,
        found: impl fmt::Display,
        allowed: impl fmt::Display,
    ) -> Self {
        Self::new(path, format!("found {found}, allowed is {allowed}"))
    }

    /// Puts `parent` in front of the path, as an error travels up.
    #[must_use]
    pub fn within(mut self, parent: &str) -> Self {
        self.path = match (parent.is_empty(), self.path.is_empty()) {
            (true, _) => self.path,
            (_, true) => parent.to_owned(),
            _ if self.path.starts_with('[') => format!("{parent}{}", self.path),
            _ => format!("{parent}.{}", self.path),
        };
        self
    }

    /// Where the error is.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.path
    }

    /// What was found and what is allowed.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// A log line must stay one line, whatever the configuration holds.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.path.is_empty() {
            f.write_str(&self.reason)
        } else {
            write!(f, "{}: {}", self.path, self.reason)
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_grows_from_the_inside_out_and_the_line_stays_one() {
        let error = ConfigError::found("httpStatus", "99\n", "200 to 599")
            .within("fault.abort")
            .within("[0]")
            .within("rules");
        assert_eq!(
            error.to_string(),
            "rules[0].fault.abort.httpStatus: found 99 , allowed is 200 to 599"
        );
        assert_eq!(ConfigError::new("", "no JSON").within("").to_string(), "no JSON");
    }
}
