//! The replies that are made of what the user wrote, and which of them a request is given.

use crate::problem::{self, MEDIA_TYPE};
use crate::{GrpcStatus, Problem, Reply, ReplyTemplate};
use filter_api::{ConfigError, HeaderName, HeaderValue, InvalidHeader, LocalReply, RequestHead};
use filter_config::check::{headers, http_status};
use std::borrow::Cow;
use std::rc::Rc;

#[cfg(test)]
mod tests;

/// What a filter answers where the user wrote nothing.
#[derive(Clone, Debug)]
pub struct ReplyDefaults {
    /// The HTTP status, 200 to 599.
    pub status: u16,
    /// The gRPC status, 0 to 16. Envoy derives a poor one from most HTTP statuses (404 becomes
    /// UNIMPLEMENTED); without one here that is what a gRPC client is given.
    pub grpc_status: Option<u8>,
    /// Details, the filter's own text as body, and headers that every reply has.
    pub template: ReplyTemplate,
}

/// Replies complete, among which a request's kind chooses.
#[derive(Clone, Debug)]
pub struct ReplyChoice {
    plain: Rc<LocalReply>,
    /// The answer as problem details, if the user wants it.
    document: Option<Rc<LocalReply>>,
    /// Whether only those are given the document who accept it.
    is_negotiated: bool,
    parts: Parts,
}

/// What the replies are made of, for texts that are known only when they are sent.
#[derive(Clone, Debug)]
struct Parts {
    status: u16,
    grpc_status: Option<u8>,
    template: ReplyTemplate,
    /// Whether the body is the user's, which no other text replaces.
    has_own_body: bool,
    problem: Option<Problem>,
}

impl ReplyChoice {
    /// Makes the replies of the object at `path`.
    ///
    /// # Errors
    /// A status outside 200–599, a gRPC status above 16, a header that cannot be sent.
    pub fn from_wire(
        wire: &Reply,
        defaults: &ReplyDefaults,
        path: &str,
    ) -> Result<Self, ConfigError> {
        let made = Parts::from_wire(wire, defaults).and_then(Self::of_parts);
        made.map_err(|error| error.within(path))
    }

    /// The replies of a filter where the user wrote none.
    ///
    /// # Errors
    /// A status outside 200–599, at the path `status`.
    pub fn of_defaults(defaults: &ReplyDefaults) -> Result<Self, ConfigError> {
        Parts::from_wire(&Reply::default(), defaults).and_then(Self::of_parts)
    }

    fn of_parts(parts: Parts) -> Result<Self, ConfigError> {
        let plain = Rc::new(parts.plain(None)?);
        let document = parts.document(None)?.map(Rc::new);
        Ok(Self { plain, document, is_negotiated: parts.has_own_body, parts })
    }

    /// The reply to this request.
    #[must_use]
    pub fn choose(&self, request: &RequestHead<'_>) -> Rc<LocalReply> {
        match &self.document {
            Some(document) if self.wants_document(request) => Rc::clone(document),
            _ => Rc::clone(&self.plain),
        }
    }

    /// The reply to this request, with `text` in the place of the filter's own text where the user
    /// wrote none; [`choose`](Self::choose) is cheaper where the text is always the same.
    #[must_use]
    pub fn choose_with(&self, request: &RequestHead<'_>, text: &str) -> Rc<LocalReply> {
        let made = if self.document.is_some() && self.wants_document(request) {
            self.parts.document(Some(text)).ok().flatten()
        } else {
            self.parts.plain(Some(text)).ok()
        };
        // The parts were checked when the replies were made of them.
        made.map_or_else(|| self.choose(request), Rc::new)
    }

    fn wants_document(&self, request: &RequestHead<'_>) -> bool {
        !request.is_grpc() && (!self.is_negotiated || problem::is_accepted(request))
    }

    /// Whether the choice reads the request's headers.
    #[must_use]
    pub fn needs_request_headers(&self) -> bool {
        self.document.is_some()
    }
}

impl Parts {
    fn from_wire(wire: &Reply, defaults: &ReplyDefaults) -> Result<Self, ConfigError> {
        let mut template = defaults.template.clone();
        if let Some(map) = &wire.headers {
            template.headers.extend(headers("headers", map)?);
        }
        if let Some(body) = &wire.body {
            template.body = body.clone().into_bytes();
        }
        let status = wire.status.map_or(u64::from(defaults.status), |status| status.get());
        let grpc_status = wire.grpc_status.map(grpc_status).transpose()?;
        Ok(Self {
            status: http_status("status", status)?,
            grpc_status: grpc_status.or(defaults.grpc_status),
            template,
            has_own_body: wire.body.is_some(),
            problem: wire.problem.clone(),
        })
    }

    fn plain(&self, text: Option<&str>) -> Result<LocalReply, ConfigError> {
        match text.filter(|_| !self.has_own_body) {
            None => self.reply(&self.template),
            Some(text) => {
                let headers = self.template.headers.clone();
                let details = self.template.details.clone();
                self.reply(&ReplyTemplate { details, body: text.into(), headers })
            }
        }
    }

    fn document(&self, text: Option<&str>) -> Result<Option<LocalReply>, ConfigError> {
        let Some(problem) = &self.problem else { return Ok(None) };
        let text = text.map_or_else(|| String::from_utf8_lossy(&self.template.body), Cow::Borrowed);
        // The user's content type is the body's.
        let is_other = |(name, _): &&(HeaderName, _)| name.as_bytes() != b"content-type";
        let mut headers: Vec<_> = self.template.headers.iter().filter(is_other).cloned().collect();
        headers.push(content_type().map_err(|why| ConfigError::new("problem", why.to_string()))?);
        let details = self.template.details.clone();
        let body = problem::document(problem, self.status, &text);
        self.reply(&ReplyTemplate { details, body, headers }).map(Some)
    }

    fn reply(&self, template: &ReplyTemplate) -> Result<LocalReply, ConfigError> {
        let reply = template.http(self.status);
        let reply = reply.map_err(|why| ConfigError::new("status", why.to_string()))?;
        Ok(match self.grpc_status {
            Some(status) => reply.with_grpc_status(status),
            None => reply,
        })
    }
}

fn content_type() -> Result<(HeaderName, HeaderValue), InvalidHeader> {
    Ok((HeaderName::new("content-type")?, HeaderValue::new(MEDIA_TYPE)?))
}

/// A gRPC status that the host sends.
fn grpc_status(status: GrpcStatus) -> Result<u8, ConfigError> {
    let allowed = "0 to 16, or the name of one";
    u8::try_from(status.0)
        .ok()
        .filter(|status| *status <= 16)
        .ok_or_else(|| ConfigError::found("grpcStatus", status.0, allowed))
}
