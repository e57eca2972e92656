//! From the wire form of an abort to the reply it sends.

use crate::abort::{AbortSource, ReplyTemplate};
use crate::config::Abort;
use filter_api::{ConfigError, HeaderName, HeaderValue};
use filter_config::check::{invalid_header, one_of};
use filter_config::wire::Map;
use std::rc::Rc;

/// The source of the replies. `rule` is the template that all replies of the rule share.
pub(super) fn source(wire: &Abort, rule: &ReplyTemplate) -> Result<AbortSource, ConfigError> {
    one_of(
        &[
            ("httpStatus", wire.http_status.is_some()),
            ("grpcStatus", wire.grpc_status.is_some()),
            ("reset", wire.reset.is_some()),
            ("headerAbort", wire.header_abort.is_some()),
        ],
        true,
    )?;
    if let Some(reset) = wire.reset {
        return source_of_reset(reset, wire);
    }
    let mut template = rule.clone();
    if let Some(body) = &wire.body {
        template.body = body.clone().into_bytes();
    }
    if let Some(map) = &wire.headers {
        template.headers.extend(headers("headers", map)?);
    }
    if let Some(status) = wire.http_status {
        let status = http_status("httpStatus", status.get())?;
        let reply =
            template.http(status).map_err(|why| ConfigError::new("httpStatus", why.to_string()))?;
        return Ok(AbortSource::Reply(Rc::new(reply)));
    }
    match wire.grpc_status {
        Some(status) => AbortSource::grpc(&template, status.0)
            .map_err(|why| ConfigError::new("grpcStatus", why.to_string())),
        None => Ok(AbortSource::Header(template)),
    }
}

fn source_of_reset(reset: bool, wire: &Abort) -> Result<AbortSource, ConfigError> {
    if !reset {
        return Err(ConfigError::found("reset", "false", "true, or no such field"));
    }
    for (field, present) in [("body", wire.body.is_some()), ("headers", wire.headers.is_some())] {
        if present {
            let allowed = "none: a reset stream has no answer";
            return Err(ConfigError::found(field, "it beside reset", allowed));
        }
    }
    Ok(AbortSource::Reset)
}

/// A status that an answer may have.
pub(super) fn http_status(field: &str, status: u64) -> Result<u16, ConfigError> {
    u16::try_from(status)
        .ok()
        .filter(|status| (200..=599).contains(status))
        .ok_or_else(|| ConfigError::found(field, status, "200 to 599"))
}

/// A checked header of the map at `field`.
fn header(field: &str, name: &str, value: &str) -> Result<(HeaderName, HeaderValue), ConfigError> {
    let checked = header_name(field, name)?;
    let value = HeaderValue::new(value)
        .map_err(|why| invalid_header(&[field, ".", name].concat(), value, why))?;
    Ok((checked, value))
}

/// A checked name of a header in the map or list at `field`.
pub(super) fn header_name(field: &str, name: &str) -> Result<HeaderName, ConfigError> {
    HeaderName::new(name).map_err(|why| invalid_header(field, name, why))
}

/// Every header of a map at `field`.
pub(super) fn headers(
    field: &str,
    map: &Map<String>,
) -> Result<Vec<(HeaderName, HeaderValue)>, ConfigError> {
    map.iter().map(|(name, value)| header(field, name, value)).collect()
}
