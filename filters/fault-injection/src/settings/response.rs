//! From the wire form of response faults to what is done to an answer.

use super::delay;
use crate::config::{HeaderOperations, Response};
use crate::response::{BodyFault, Rate, ResponseFault};
use filter_api::{ConfigError, HeaderMutation};
use filter_config::check::{header_name, headers, http_status, one_of};
use filter_config::wire::UInt;
use std::rc::Rc;

const MOST_BYTES_PER_SECOND: u64 = 1_000_000_000;

/// Checks the object at `response`.
pub(super) fn fault(wire: &Response, rule: &str) -> Result<Rc<ResponseFault>, ConfigError> {
    let delay = wire.delay.as_ref().map(delay::of_response).transpose();
    let status = wire.http_status.map(|status| http_status("httpStatus", status.get()));
    let headers = wire.headers.as_ref().map(mutations).transpose();
    let fault = ResponseFault {
        delay: delay.map_err(|error| error.within("delay"))?,
        status: status.transpose()?,
        headers: headers.map_err(|error| error.within("headers"))?.unwrap_or_default(),
        body: body(wire)?,
        details: ["fault_injection.", rule, ".response"].concat(),
    };
    if fault.body.is_none() && fault.is_body_only() {
        let allowed = "httpStatus, headers, body, truncateAfterBytes, delay, bytesPerSecond or \
                       headerLimit";
        return Err(ConfigError::found("", "nothing", allowed));
    }
    Ok(Rc::new(fault))
}

fn body(wire: &Response) -> Result<Option<BodyFault>, ConfigError> {
    one_of(
        &[
            ("body", wire.body.is_some()),
            ("truncateAfterBytes", wire.truncate_after_bytes.is_some()),
            ("bytesPerSecond", wire.bytes_per_second.is_some()),
            ("headerLimit", wire.header_limit.is_some()),
        ],
        false,
    )?;
    if let Some(body) = &wire.body {
        return Ok(Some(BodyFault::Replace(body.as_bytes().into())));
    }
    if let Some(after) = wire.truncate_after_bytes {
        return Ok(Some(BodyFault::Truncate(after.get())));
    }
    let rate = match wire.bytes_per_second.map(UInt::get) {
        Some(rate @ 1..=MOST_BYTES_PER_SECOND) => Some(Rate::Fixed(rate)),
        Some(rate) => {
            let allowed = format_args!("1 to {MOST_BYTES_PER_SECOND}").to_string();
            return Err(ConfigError::found("bytesPerSecond", rate, allowed));
        }
        None => wire.header_limit.map(|_| Rate::Header),
    };
    Ok(rate.map(BodyFault::Throttle))
}

fn mutations(wire: &HeaderOperations) -> Result<Vec<HeaderMutation>, ConfigError> {
    let mut mutations = Vec::new();
    for name in &wire.remove {
        mutations.push(HeaderMutation::Remove(header_name("remove", name)?));
    }
    for (name, value) in headers("set", &wire.set)? {
        mutations.push(HeaderMutation::Set(name, value));
    }
    for (name, value) in headers("add", &wire.add)? {
        mutations.push(HeaderMutation::Add(name, value));
    }
    Ok(mutations)
}
