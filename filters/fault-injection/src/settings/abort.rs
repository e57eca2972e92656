//! From the wire form of an abort to the reply it sends.

use crate::abort::AbortSource;
use crate::config::Abort;
use filter_api::ConfigError;
use filter_config::check::{headers, http_status, one_of};
use replies::ReplyTemplate;
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
