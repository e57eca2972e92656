//! From what the user writes to conditions.

use super::{Condition, Test};
use crate::Source;
use crate::text::{TextMatcher, refused};
use addresses::IpPrefix;
use attributes::SpiffeId;
use filter_api::ConfigError;

/// Makes a test of the values of a field.
type Make = fn(&[String]) -> Result<Test, ConfigError>;

/// A field's name and values.
type Field<'f> = (&'static str, Option<&'f [String]>);

/// The conditions of a source, cheapest first: what is asked of Envoy has a price.
pub(super) fn source(source: &Source) -> Result<Vec<Condition>, ConfigError> {
    let fields: [(Make, Field<'_>, Field<'_>); 7] = [
        (
            remote_ip,
            ("remoteIpBlocks", source.remote_ip_blocks.as_deref()),
            ("notRemoteIpBlocks", source.not_remote_ip_blocks.as_deref()),
        ),
        (
            direct_ip,
            ("ipBlocks", source.ip_blocks.as_deref()),
            ("notIpBlocks", source.not_ip_blocks.as_deref()),
        ),
        (
            request_principal,
            ("requestPrincipals", source.request_principals.as_deref()),
            ("notRequestPrincipals", source.not_request_principals.as_deref()),
        ),
        (
            principal,
            ("principals", source.principals.as_deref()),
            ("notPrincipals", source.not_principals.as_deref()),
        ),
        (
            namespace,
            ("namespaces", source.namespaces.as_deref()),
            ("notNamespaces", source.not_namespaces.as_deref()),
        ),
        (
            service_account,
            ("serviceAccounts", source.service_accounts.as_deref()),
            ("notServiceAccounts", source.not_service_accounts.as_deref()),
        ),
        (
            trust_domain,
            ("trustDomains", source.trust_domains.as_deref()),
            ("notTrustDomains", source.not_trust_domains.as_deref()),
        ),
    ];
    let mut conditions = Vec::new();
    for (make, field, not_field) in fields {
        add(&mut conditions, make, field, not_field)?;
    }
    if conditions.is_empty() {
        return Err(ConfigError::found("", "nothing", "at least one field"));
    }
    Ok(conditions)
}

/// The conditions of an entry of Istio's `when`; `None` for a key that does not speak of a source.
pub(super) fn condition(
    key: &str,
    values: Option<&[String]>,
    not_values: Option<&[String]>,
) -> Option<Result<Vec<Condition>, ConfigError>> {
    let make = match key {
        "remote.ip" => remote_ip,
        "request.auth.principal" => request_principal,
        "source.ip" => direct_ip,
        "source.namespace" => namespace,
        "source.principal" => principal,
        "source.serviceAccount" => service_account,
        "source.trustDomain" => trust_domain,
        _ => return None,
    };
    let mut conditions = Vec::new();
    let added = add(&mut conditions, make, ("values", values), ("notValues", not_values));
    Some(added.and_then(|()| match conditions.is_empty() {
        true => Err(ConfigError::found("", "nothing", "values, notValues or both")),
        false => Ok(conditions),
    }))
}

fn add(
    conditions: &mut Vec<Condition>,
    make: Make,
    field: Field<'_>,
    not_field: Field<'_>,
) -> Result<(), ConfigError> {
    for (negated, (name, values)) in [(false, field), (true, not_field)] {
        let Some(values) = values else { continue };
        if values.is_empty() {
            return Err(ConfigError::found(name, "an empty list", "one value or more"));
        }
        let test = make(values).map_err(|error| error.within(name))?;
        conditions.push(Condition { test, negated });
    }
    Ok(())
}

/// Every value as `parse` reads it.
fn each<T, C: FromIterator<T>>(
    values: &[String],
    parse: fn(&str) -> Result<T, ConfigError>,
) -> Result<C, ConfigError> {
    let parsed = values
        .iter()
        .enumerate()
        .map(|(index, text)| parse(text).map_err(|error| error.within(&format!("[{index}]"))));
    parsed.collect()
}

fn direct_ip(values: &[String]) -> Result<Test, ConfigError> {
    each(values, prefix).map(Test::DirectIp)
}

fn remote_ip(values: &[String]) -> Result<Test, ConfigError> {
    each(values, prefix).map(Test::RemoteIp)
}

fn request_principal(values: &[String]) -> Result<Test, ConfigError> {
    each(values, TextMatcher::parse).map(Test::RequestPrincipal)
}

fn principal(values: &[String]) -> Result<Test, ConfigError> {
    each(values, principal_text).map(Test::Principal)
}

fn namespace(values: &[String]) -> Result<Test, ConfigError> {
    each(values, TextMatcher::parse).map(Test::Namespace)
}

fn service_account(values: &[String]) -> Result<Test, ConfigError> {
    each(values, service_account_text).map(Test::ServiceAccount)
}

fn trust_domain(values: &[String]) -> Result<Test, ConfigError> {
    each(values, |text| TextMatcher::parse(&text.to_ascii_lowercase())).map(Test::TrustDomain)
}

fn prefix(text: &str) -> Result<IpPrefix, ConfigError> {
    IpPrefix::parse(text).map_err(|why| ConfigError::new("", why))
}

/// A principal with or without its scheme. What could never match is refused: a rule that means to
/// deny would silently not.
fn principal_text(text: &str) -> Result<TextMatcher, ConfigError> {
    const SCHEME: &str = "spiffe://";
    if text.starts_with('*') {
        return TextMatcher::parse(text);
    }
    let scheme = text.get(..SCHEME.len()).filter(|scheme| scheme.eq_ignore_ascii_case(SCHEME));
    let name = text.get(scheme.map_or(0, str::len)..).unwrap_or_default();
    let (trust_domain, path) = match name.split_once('/') {
        Some((trust_domain, path)) => (trust_domain, Some(path)),
        None => (name, None),
    };
    let mut folded = trust_domain.to_ascii_lowercase();
    match path {
        Some(path) => folded.extend(["/", path]),
        // It would match a domain that merely begins like this one.
        None if name.ends_with('*') => {
            return Err(refused(
                text,
                "a prefix that holds all of its trust domain, such as a.b/*",
            ));
        }
        None => {}
    }
    let matcher = TextMatcher::parse(&folded)?;
    let is_id = SpiffeId::parse([SCHEME, &folded].concat().as_bytes()).is_some();
    if matches!(matcher, TextMatcher::Exact(_)) && !is_id {
        return Err(refused(text, "<trust domain>/ns/<namespace>/sa/<service account>"));
    }
    Ok(matcher)
}

fn service_account_text(text: &str) -> Result<TextMatcher, ConfigError> {
    let is_plain = |part: &str| !part.is_empty() && !part.contains(['/', '*']);
    match text.split_once('/') {
        Some((namespace, name)) if is_plain(namespace) && is_plain(name) => {
            TextMatcher::parse(text)
        }
        _ => Err(refused(text, "<namespace>/<service account>, without *")),
    }
}
