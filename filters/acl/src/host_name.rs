//! The host that a request is for.

use crate::gate::Letters;
use crate::pattern::Pattern;
use filter_api::ConfigError;
use filter_config::quoted;

/// `:authority` taken apart. Case, port, user and the dot at the end of a name do not make another
/// host.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HostName<'a> {
    /// Without user and dot at the end; an IPv6 address keeps its brackets.
    name: &'a [u8],
    /// Digits, where there are any.
    port: Option<&'a [u8]>,
    /// Who stands before an `@`: nobody's honest host, so that no permission holds for it.
    user: Option<&'a [u8]>,
}

/// A host as a rule writes it: with a port it is compared with it, without one any port will do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostPattern {
    pattern: Pattern,
    port: Option<Box<[u8]>>,
}

impl<'a> HostName<'a> {
    /// Takes `:authority` apart; whatever stands there.
    pub(crate) fn read(authority: &'a [u8]) -> Self {
        let at = authority.iter().rposition(|byte| *byte == b'@');
        let (user, host) = match at.and_then(|at| authority.split_at_checked(at)) {
            Some((user, host)) => (Some(user), host.get(1..).unwrap_or_default()),
            None => (None, authority),
        };
        let (name, port) = split_port(host);
        Self { name: name.strip_suffix(b".").unwrap_or(name), port, user }
    }
}

impl HostName<'_> {
    /// Without user, port and dot at the end.
    pub(crate) fn name(&self) -> &[u8] {
        self.name
    }

    /// Whether somebody stands before an `@`.
    pub(crate) fn has_user(&self) -> bool {
        self.user.is_some()
    }
}

/// Name and port. A colon that no port follows belongs to neither.
fn split_port(host: &[u8]) -> (&[u8], Option<&[u8]>) {
    let Some(at) = host.iter().rposition(|byte| *byte == b':') else { return (host, None) };
    let (name, port) = host.split_at_checked(at).unwrap_or((host, &[]));
    let port = port.get(1..).unwrap_or_default();
    if !port.iter().all(u8::is_ascii_digit) || (name.contains(&b':') && !name.ends_with(b"]")) {
        return (host, None);
    }
    (name, Some(port).filter(|port| !port.is_empty()))
}

impl HostPattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// A text that no host is: empty, with a user, a path or a blank, or not ASCII.
    pub(crate) fn new(text: &str) -> Result<Self, ConfigError> {
        let is_host = |byte: u8| byte.is_ascii_graphic() && !b"@/\\?#".contains(&byte);
        if text.is_empty() || !text.bytes().all(is_host) {
            let allowed = "a host such as a.example, *.example, a.example:8080 or [2001:db8::1], \
                           international names as xn--…";
            return Err(ConfigError::found("", quoted(text), allowed));
        }
        let text = text.strip_suffix(":*").unwrap_or(text);
        // The port of `*:8080` or `a:8080`; `a.*` has none.
        let (name, port) = split_port(text.as_bytes());
        let name = std::str::from_utf8(name.strip_suffix(b".").unwrap_or(name)).unwrap_or(text);
        Ok(Self { pattern: Pattern::new(name), port: port.map(Into::into) })
    }

    /// The letters with which a host may end that matches.
    pub(crate) fn end(&self) -> Letters {
        self.pattern.letters().1
    }

    /// Whether a rule that refuses matches: in any reading.
    pub(crate) fn any(&self, host: &HostName<'_>) -> bool {
        let is_user = host.user.is_some_and(|user| {
            let user = HostName::read(user);
            self.is(user.name, user.port)
        });
        is_user || self.is(host.name, host.port)
    }

    /// Whether a rule that allows matches: in every reading.
    pub(crate) fn all(&self, host: &HostName<'_>) -> bool {
        host.user.is_none() && self.is(host.name, host.port)
    }

    fn is(&self, name: &[u8], port: Option<&[u8]>) -> bool {
        self.port.as_deref().is_none_or(|mine| port == Some(mine))
            && self.pattern.matches(name, true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn case_port_user_and_dot_make_no_other_host() {
        for (pattern, authority, any, all) in [
            ("a.example", "A.Example", true, true),
            ("a.example", "a.example:8080", true, true),
            ("a.example", "a.example.", true, true),
            ("a.example", "a.example.:8080", true, true),
            ("a.example", "a.example:", true, true),
            ("A.example:8080", "a.example:8080", true, true),
            ("a.example:8080", "a.example", false, false),
            ("a.example:*", "a.example:1", true, true),
            ("*.example", "b.a.example", true, true),
            ("*.example", "example", false, false),
            ("a.*", "a.b:80", true, true),
            ("*", "", true, true),
            ("a.example", "a.example@b.example", true, false),
            ("b.example", "a.example@b.example", true, false),
            ("a.example", "x:80@a.example:80", true, false),
            ("[2001:db8::1]", "[2001:DB8::1]:443", true, true),
            ("[2001:db8::1]:443", "[2001:db8::1]:443", true, true),
            ("[2001:db8::1]:443", "[2001:db8::1]:444", false, false),
            ("a.example", "a.example:8a", false, false),
            ("a.example", "\u{e9}", false, false),
        ] {
            let (compiled, host) =
                (HostPattern::new(pattern).unwrap(), HostName::read(authority.as_bytes()));
            assert_eq!(
                (compiled.any(&host), compiled.all(&host)),
                (any, all),
                "{pattern} {authority}"
            );
        }
    }

    #[test]
    fn what_no_host_can_be_is_refused() {
        for text in ["", "a b", "u@h", "h/p", "b\u{fc}cher.example", "h?x"] {
            assert!(HostPattern::new(text).is_err(), "{text}");
        }
    }
}
