//! What clients are told.

mod headers;

pub(crate) use headers::{Headers, Told, push_number};

use crate::config;
use filter_api::{ConfigError, HeaderName, HeaderValue, LocalReply};
use filter_config::check::{self, header_name, whole};
use std::rc::Rc;

const DEFAULT_STATUS: u32 = 429;
const DEFAULT_BODY: &str = "rate limited";
/// gRPC's status for a quota that is used up. Envoy alone would say UNAVAILABLE, which invites retries.
const RESOURCE_EXHAUSTED: u8 = 8;

const PROBLEM_TYPE: &str = "https://iana.org/assignments/http-problem-types#";

/// What every refusal has in common.
#[derive(Clone, Debug)]
pub(crate) struct ReplySettings {
    status: u16,
    body: String,
    headers: Vec<(HeaderName, HeaderValue)>,
    content_type: HeaderName,
    is_problem: bool,
}

/// One refusal.
#[derive(Debug)]
pub(crate) struct Refusal<'r> {
    /// `%RESPONSE_CODE_DETAILS%`.
    pub(crate) details: &'r str,
    /// The quotas that refused.
    pub(crate) quotas: &'r [&'r str],
    pub(crate) is_penalized: bool,
    pub(crate) is_grpc: bool,
    /// About the client's quotas.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

impl ReplySettings {
    /// Whether a refusal names the quotas in its body.
    pub(crate) fn names_quotas(&self) -> bool {
        self.is_problem
    }

    pub(crate) fn from_wire(wire: Option<&config::Reply>) -> Result<Self, ConfigError> {
        let default = config::Reply::default();
        let wire = wire.unwrap_or(&default);
        if wire.problem_details && wire.body.is_some() {
            return Err(ConfigError::found("body", "it beside problemDetails", "one of them"));
        }
        let status = whole("status", wire.status, 400, 599)?.unwrap_or(DEFAULT_STATUS);
        let headers =
            wire.headers.as_ref().map(|map| check::headers("headers", map)).transpose()?;
        Ok(Self {
            status: u16::try_from(status).unwrap_or(429),
            body: wire.body.clone().unwrap_or_else(|| DEFAULT_BODY.to_owned()),
            headers: headers.unwrap_or_default(),
            content_type: header_name("", "content-type")?,
            is_problem: wire.problem_details,
        })
    }

    /// The reply; `None` cannot be, as the status was checked.
    pub(crate) fn of(&self, refusal: Refusal<'_>) -> Option<Rc<LocalReply>> {
        let mut headers = refusal.headers;
        headers.extend(self.headers.iter().cloned());
        let body = if self.is_problem && !refusal.is_grpc {
            let value = HeaderValue::new("application/problem+json").ok()?;
            headers.push((self.content_type.clone(), value));
            problem(refusal.quotas, refusal.is_penalized)
        } else {
            self.body.clone()
        };
        let reply = LocalReply::new(self.status, refusal.details).ok()?;
        let reply = reply.with_headers(headers).with_body(body);
        let reply =
            if refusal.is_grpc { reply.with_grpc_status(RESOURCE_EXHAUSTED) } else { reply };
        Some(Rc::new(reply))
    }
}

/// The IETF draft's problem types. Names of quotas need no escape in JSON.
fn problem(quotas: &[&str], is_penalized: bool) -> String {
    let (kind, title) = if is_penalized {
        (
            "abnormal-usage-detected",
            "Request not satisfied due to detection of abnormal request pattern",
        )
    } else {
        ("quota-exceeded", "Request cannot be satisfied as assigned quota has been exceeded")
    };
    let quotas = quotas.join("\",\"");
    [
        "{\"type\":\"",
        PROBLEM_TYPE,
        kind,
        "\",\"title\":\"",
        title,
        "\",\"violated-policies\":[\"",
        &quotas,
        "\"]}",
    ]
    .concat()
}
