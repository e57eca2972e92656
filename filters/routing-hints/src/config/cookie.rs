//! The cookie that makes a choice last.

use filter_config::wire::Duration;
use serde::Deserialize;

/// A cookie for users that `key` does not know: a random number, which is their key from then on. It
/// is added to the answer (never in place of another cookie), and to the request, so that further
/// hops choose alike. Rules may share a cookie by its name.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cookie {
    /// Its name: 1 to 64 characters of a token (RFC 6265).
    pub name: String,
    /// `Path`. Default `/`.
    pub path: Option<String>,
    /// `Domain`. Default: none, so that it is the host's alone.
    pub domain: Option<String>,
    /// `Max-Age`, 1 s to 400 days. Default 30 days; `0s` makes it a cookie of the session.
    pub max_age: Option<Duration>,
    /// Issues the cookie anew, with the same number, once it is older than this. 1 s to 400 days.
    /// Default: never.
    pub refresh_after: Option<Duration>,
    /// `SameSite`. Default `LAX`.
    pub same_site: Option<SameSite>,
    /// `Secure`. Default `true`: browsers return it over TLS only.
    pub secure: Option<bool>,
    /// `HttpOnly`. Default `true`.
    pub http_only: Option<bool>,
}

/// With which requests of other sites a browser sends the cookie.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SameSite {
    /// With none.
    Strict,
    /// When one follows a link.
    #[default]
    Lax,
    /// With all; it has to be `secure`.
    None,
}
