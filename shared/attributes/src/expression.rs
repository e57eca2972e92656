//! The expression, parsed and evaluated.

use crate::HeaderKey;
use crate::host::HostAttribute;
use crate::query::{percent_decode, query_values};
use filter_api::{Environment, RequestHead};
use std::borrow::Cow;

mod parse;
#[cfg(test)]
mod tests;

/// `a | b | "default"`: the value of the first term that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expression {
    terms: Vec<Term>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Term {
    Cookie(Box<[u8]>),
    Header(HeaderKey),
    Host(HostAttribute),
    Literal(Box<[u8]>),
    /// `:path` up to the first `?`.
    Path,
    Query(Box<[u8]>),
}

impl Expression {
    /// Reads an expression.
    ///
    /// # Errors
    /// One line: what was found and what is allowed.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::terms(text).map(|terms| Self { terms })
    }

    /// The value: of the first term that exists, if only with an empty value.
    ///
    /// Of a repeated header, cookie or query parameter it is the first value; a query parameter is
    /// percent-decoded. Host attributes are asked for only when their turn comes.
    pub fn evaluate<'a>(
        &'a self,
        request: &RequestHead<'a>,
        env: &mut dyn Environment,
    ) -> Option<Cow<'a, [u8]>> {
        self.terms.iter().find_map(|term| term.evaluate(request, env))
    }

    /// Shows every value of the first term that exists to `see`, in order: of all lines of a header,
    /// all cookies and query parameters of a name, all elements of a claim. False where no term
    /// exists.
    pub fn visit(
        &self,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
        see: &mut dyn FnMut(&[u8]),
    ) -> bool {
        self.terms.iter().any(|term| term.visit(request, env, see))
    }

    /// The header, where the expression is just one.
    #[must_use]
    pub fn header(&self) -> Option<&HeaderKey> {
        match self.terms.as_slice() {
            [Term::Header(key)] => Some(key),
            _ => None,
        }
    }

    /// Whether any term is an attribute of the host: one that does not exist may be unknown rather
    /// than absent.
    #[must_use]
    pub fn reads_host(&self) -> bool {
        self.terms.iter().any(|term| matches!(term, Term::Host(_)))
    }

    /// Whether any term is of the peer's certificate: who decides on access by it has to know that
    /// the certificate was verified.
    #[must_use]
    pub fn reads_identity(&self) -> bool {
        self.terms.iter().any(|term| matches!(term, Term::Host(host) if host.is_of_identity()))
    }

    /// Whether any term reads the request's headers.
    #[must_use]
    pub fn needs_request_headers(&self) -> bool {
        self.terms.iter().any(|term| !matches!(term, Term::Host(_) | Term::Literal(_)))
    }
}

impl Term {
    fn evaluate<'a>(
        &'a self,
        request: &RequestHead<'a>,
        env: &mut dyn Environment,
    ) -> Option<Cow<'a, [u8]>> {
        match self {
            Self::Cookie(name) => request.cookies(name).next().map(Cow::Borrowed),
            Self::Header(key) => request.headers().first(key.as_bytes()).map(Cow::Borrowed),
            Self::Host(attribute) => attribute.read(env).map(Cow::Owned),
            Self::Literal(text) => Some(Cow::Borrowed(text)),
            Self::Path => request.headers().contains(b":path").then(|| request.path().into()),
            Self::Query(name) => query_values(request.query()?, name).next().map(percent_decode),
        }
    }

    fn visit(
        &self,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
        see: &mut dyn FnMut(&[u8]),
    ) -> bool {
        let mut count: u32 = 0;
        let mut see_one = |value: &[u8]| {
            count = count.saturating_add(1);
            see(value);
        };
        match self {
            Self::Cookie(name) => request.cookies(name).for_each(see_one),
            Self::Header(key) => request.headers().values(key.as_bytes()).for_each(see_one),
            Self::Host(attribute) => return attribute.visit(env, see),
            Self::Query(name) => query_values(request.query().unwrap_or_default(), name)
                .for_each(|value| see_one(&percent_decode(value))),
            Self::Literal(_) | Self::Path => {
                if let Some(value) = self.evaluate(request, env) {
                    see_one(&value);
                }
            }
        }
        count > 0
    }
}
