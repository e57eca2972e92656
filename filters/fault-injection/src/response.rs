//! Faults on the upstream's own answer.

mod body;

pub(crate) use body::{BodyFault, BodyProgress, Rate};

use crate::delay::Distribution;
use filter_api::{HeaderMutation, HeaderName, HeaderValue, LocalReply, ResponseHead};
use std::rc::Rc;

#[cfg(test)]
mod tests;

/// What is done to an answer.
#[derive(Clone, Debug)]
pub(crate) struct ResponseFault {
    /// How long it is held.
    pub(crate) delay: Option<Distribution>,
    /// The status instead of its own, 200–599.
    pub(crate) status: Option<u16>,
    /// Changes to its headers: removals, then settings, then additions.
    pub(crate) headers: Vec<HeaderMutation>,
    /// What becomes of its body.
    pub(crate) body: Option<BodyFault>,
    /// The details of an answer that has to be made anew.
    pub(crate) details: String,
}

/// How a fault is done to one answer.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Application {
    /// In place; the body's part is with [`ResponseFault::body`].
    Change {
        /// The changes to its headers.
        mutations: Vec<HeaderMutation>,
        /// Whether a body follows that may be changed.
        has_body: bool,
    },
    /// By a new answer: the old one has no body where one is due, or one where none may be.
    Replace(Rc<LocalReply>),
}

impl ResponseFault {
    /// How the fault is done to `response`, the answer to a HEAD request or to another one, with
    /// these `mutations` of its headers.
    pub(crate) fn application(
        &self,
        response: &ResponseHead<'_>,
        to_head: bool,
        mut mutations: Vec<HeaderMutation>,
    ) -> Application {
        if let Some(reply) = self.replacement(response, to_head, &mutations) {
            return Application::Replace(reply);
        }
        mutations.extend(self.status.map(HeaderMutation::SetStatus));
        Application::Change { mutations, has_body: !response.end_of_stream }
    }

    /// The answer that has to be made anew, if it has to.
    fn replacement(
        &self,
        response: &ResponseHead<'_>,
        to_head: bool,
        mutations: &[HeaderMutation],
    ) -> Option<Rc<LocalReply>> {
        let own = response.status()?;
        let status = self.status.unwrap_or(own);
        if is_bodiless(status) {
            let drops_body = !is_bodiless(own) && !response.end_of_stream;
            return if drops_body { self.reply(status, response, mutations, &[]) } else { None };
        }
        match &self.body {
            Some(BodyFault::Replace(body)) if response.end_of_stream && !to_head => {
                self.reply(status, response, mutations, body)
            }
            _ => None,
        }
    }

    /// Whether the request's headers tell how it is done: a rate, or the method for a new body.
    pub(crate) fn needs_request_headers(&self) -> bool {
        matches!(self.body, Some(BodyFault::Replace(_) | BodyFault::Throttle(Rate::Header)))
    }

    /// Whether nothing but the body is touched.
    pub(crate) fn is_body_only(&self) -> bool {
        self.delay.is_none() && self.status.is_none() && self.headers.is_empty()
    }

    /// An answer with the headers of the old one, as far as a reply may have them, changed.
    fn reply(
        &self,
        status: u16,
        old: &ResponseHead<'_>,
        mutations: &[HeaderMutation],
        body: &[u8],
    ) -> Option<Rc<LocalReply>> {
        let old = old.headers().iter().filter_map(|(name, value)| {
            let name = HeaderName::new(std::str::from_utf8(name).ok()?).ok()?;
            Some((name, HeaderValue::new(value).ok()?))
        });
        let mut headers: Vec<(HeaderName, HeaderValue)> = old.collect();
        for mutation in mutations {
            change(&mut headers, mutation);
        }
        let reply = LocalReply::new(status, &self.details).ok()?.with_body(body);
        let reply =
            headers.into_iter().fold(reply, |reply, (name, value)| reply.with_header(name, value));
        Some(Rc::new(reply))
    }
}

/// Whether an answer with this status has no body, RFC 9110 §6.4.1 and §15.3.6.
fn is_bodiless(status: u16) -> bool {
    matches!(status, 100..=199 | 204 | 205 | 304)
}

fn change(headers: &mut Vec<(HeaderName, HeaderValue)>, mutation: &HeaderMutation) {
    match mutation {
        HeaderMutation::Add(name, value) => headers.push((name.clone(), value.clone())),
        HeaderMutation::Remove(name) => headers.retain(|(other, _)| other != name),
        HeaderMutation::Set(name, value) => {
            headers.retain(|(other, _)| other != name);
            headers.push((name.clone(), value.clone()));
        }
        HeaderMutation::SetStatus(_) => {}
    }
}
