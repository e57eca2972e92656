//! From the wire form of a cookie to what is written.

use super::RuleSettings;
use crate::config::{self, Rule, SameSite};
use crate::cookie::Cookie;
use crate::schedule::Schedule;
use filter_api::{ConfigError, HeaderName, InvalidHeader};
use filter_config::{check, quoted};
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);
/// The longest that browsers keep a cookie.
const LONGEST: Duration = Duration::from_secs(400 * 24 * 60 * 60);
const DEFAULT_MAX_AGE: Duration = Duration::from_secs(30 * 24 * 60 * 60);
const LONGEST_NAME: usize = 64;

/// Checks the object at `cookie`.
pub(super) fn parse(wire: &config::Cookie) -> Result<Cookie, ConfigError> {
    // A cookie's name is a token, as a header's is.
    let is_token = !matches!(HeaderName::new(&wire.name), Err(InvalidHeader::Name));
    if wire.name.len() > LONGEST_NAME || !is_token {
        let allowed = "1 to 64 letters, digits and !#$%&'*+-.^_`|~";
        return Err(ConfigError::found("name", quoted(&wire.name), allowed));
    }
    let max_age = wire.max_age.map_or(DEFAULT_MAX_AGE, |age| age.get());
    if !max_age.is_zero() {
        check::duration_within("maxAge", max_age, SECOND, LONGEST)?;
    }
    let refresh_after = wire.refresh_after.map(|age| age.get());
    if let Some(age) = refresh_after {
        check::duration_within("refreshAfter", age, SECOND, LONGEST)?;
    }
    let place = place(wire)?;
    let manner = manner(wire)?;
    let age = match max_age.as_secs() {
        0 => String::new(),
        seconds => ["; Max-Age=", &seconds.to_string()].concat(),
    };
    Ok(Cookie {
        name: wire.name.clone(),
        attributes: [place.as_str(), &age, &manner].concat(),
        delete_attributes: [place.as_str(), "; Max-Age=0", &manner].concat(),
        refresh_after: refresh_after.map(|age| age.as_secs()),
    })
}

/// `Path` and `Domain`, which a cookie is known by together with its name.
fn place(wire: &config::Cookie) -> Result<String, ConfigError> {
    let mut place = ["; Path=", attribute("path", wire.path.as_deref().unwrap_or("/"))?].concat();
    if let Some(domain) = &wire.domain {
        place.push_str("; Domain=");
        place.push_str(attribute("domain", domain)?);
    }
    Ok(place)
}

/// `Secure`, `HttpOnly` and `SameSite`.
fn manner(wire: &config::Cookie) -> Result<String, ConfigError> {
    let same_site = wire.same_site.unwrap_or_default();
    let is_secure = wire.secure.unwrap_or(true);
    if same_site == SameSite::None && !is_secure {
        return Err(ConfigError::found(
            "sameSite",
            "NONE without secure",
            "NONE with secure: true",
        ));
    }
    let mut manner = String::new();
    if is_secure {
        manner.push_str("; Secure");
    }
    if wire.http_only.unwrap_or(true) {
        manner.push_str("; HttpOnly");
    }
    manner.push_str(match same_site {
        SameSite::Strict => "; SameSite=Strict",
        SameSite::Lax => "; SameSite=Lax",
        SameSite::None => "; SameSite=None",
    });
    Ok(manner)
}

/// The value of an attribute: nothing that would end it.
fn attribute<'a>(field: &str, value: &'a str) -> Result<&'a str, ConfigError> {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && byte != b';' && byte != b',';
    if value.is_empty() || !value.bytes().all(is_plain) {
        return Err(ConfigError::found(field, quoted(value), "visible ASCII without ; and ,"));
    }
    Ok(value)
}

/// Rules with a cookie of the same name share it: they have to describe it alike, and it lives until
/// the last of them has ended.
pub(super) fn share(wire: &[Rule], rules: &mut [RuleSettings]) -> Result<(), ConfigError> {
    let cookies: Vec<(usize, &config::Cookie, Schedule)> = wire
        .iter()
        .zip(rules.iter())
        .enumerate()
        .filter_map(|(index, (rule, settings))| {
            Some((index, rule.split.as_ref()?.cookie.as_ref()?, settings.schedule))
        })
        .collect();
    for (index, cookie, _) in &cookies {
        let sharing = || cookies.iter().filter(|(_, other, _)| other.name == cookie.name);
        if let Some((other, ..)) = sharing().find(|(_, other, _)| other != cookie) {
            let path = format!("rules[{index}].split.cookie");
            let found = format!("other attributes than in rules[{other}]");
            return Err(ConfigError::found(path, found, "the same for the same name"));
        }
        // None if any of them never ends.
        let ends: Option<Vec<_>> = sharing().map(|(_, _, schedule)| schedule.until).collect();
        if let Some(rule) = rules.get_mut(*index) {
            rule.cookie_ends = ends.and_then(|ends| ends.into_iter().max());
        }
    }
    Ok(())
}
