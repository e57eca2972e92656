//! Why a configuration is refused, in one line.

use std::fmt;

/// A refused configuration: where, what was found, what is allowed.
///
/// One pointer wide: most of the code of a module reads configuration, and hands this around.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError(Box<Refusal>);

#[derive(Clone, Debug, PartialEq, Eq)]
struct Refusal {
    path: String,
    reason: String,
}

impl ConfigError {
    /// An error at a JSON path such as `rules[0].fault.abort.httpStatus`; the empty path is the
    /// configuration as a whole.
    #[must_use]
    pub fn new(path: impl AsRef<str>, reason: impl AsRef<str>) -> Self {
        Self::assemble(path.as_ref(), reason.as_ref())
    }

    /// The usual shape of a reason.
    #[must_use]
    pub fn found(
        path: impl AsRef<str>,
        found: impl fmt::Display,
        allowed: impl fmt::Display,
    ) -> Self {
        Self::contrast(path.as_ref(), &found, &allowed)
    }

    /// Not generic, unlike its caller: one copy for all types that can be found.
    #[cold]
    #[inline(never)]
    fn contrast(path: &str, found: &dyn fmt::Display, allowed: &dyn fmt::Display) -> Self {
        Self::assemble(path, &format!("found {found}, allowed is {allowed}"))
    }

    #[cold]
    #[inline(never)]
    fn assemble(path: &str, reason: &str) -> Self {
        Self(Box::new(Refusal { path: path.to_owned(), reason: one_line(reason) }))
    }

    /// Puts `parent` in front of the path, as an error travels up.
    #[must_use]
    #[cold]
    #[inline(never)]
    pub fn within(mut self, parent: &str) -> Self {
        let path = &mut self.0.path;
        if !parent.is_empty() {
            let joint = if path.is_empty() || path.starts_with('[') { "" } else { "." };
            path.insert_str(0, joint);
            path.insert_str(0, parent);
        }
        self
    }

    /// Where the error is.
    #[must_use]
    pub fn path(&self) -> &str {
        &self.0.path
    }

    /// What was found and what is allowed.
    #[must_use]
    pub fn reason(&self) -> &str {
        &self.0.reason
    }
}

/// A log line must stay one line, whatever the configuration holds.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.path.is_empty() {
            f.write_str(&self.0.reason)
        } else {
            // A path holds names of the configuration's fields, which may be anything.
            write!(f, "{}: {}", one_line(&self.0.path), self.0.reason)
        }
    }
}

impl std::error::Error for ConfigError {}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

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
