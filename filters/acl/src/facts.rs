//! What is known of one request, each piece found out once and only if a rule asks.

use crate::gate::{Gate, Letters};
use crate::host_name::HostName;
use crate::path_views::{Clarity, PathViews};
use attributes::Expression;
use filter_api::{Environment, RequestHead};
use identity::{Evidence, Peer};
use matchers::header_index::Snapshot;

/// What rules ask for of a request's `to`.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct About {
    pub(crate) method: bool,
    pub(crate) path: bool,
    pub(crate) host: bool,
}

impl About {
    /// Adds what one rule asks for.
    pub(crate) fn insert(&mut self, gate: Gate) {
        self.method |= gate.method != Letters::ALL;
        self.path |= gate.asks_for_path();
        self.host |= gate.asks_for_host();
    }
}

/// A request, as rules look at it.
pub(crate) struct Facts<'a> {
    pub(crate) request: RequestHead<'a>,
    pub(crate) peer: Peer,
    /// The headers that rules ask for by name.
    pub(crate) headers: &'a Snapshot<'a>,
    method: Option<&'a [u8]>,
    host: Option<Option<HostName<'a>>>,
    path: Option<PathViews<'a>>,
    /// Whether a rule has looked at the path.
    saw_path: bool,
    /// What rules out most rules.
    pub(crate) gate: Gate,
    /// The port that the connection came in on, where it was asked for.
    port: Option<Option<Vec<u8>>>,
}

impl<'a> Facts<'a> {
    pub(crate) fn new(headers: &'a Snapshot<'a>, evidence: Evidence) -> Self {
        Self {
            request: headers.request(),
            peer: Peer::new(evidence),
            headers,
            method: None,
            host: None,
            path: None,
            saw_path: false,
            gate: Gate::OPEN,
            port: None,
        }
    }

    /// Finds out what tells the request from those that rules are about: `about` is all that any of
    /// them asks for.
    pub(crate) fn find_gate(&mut self, about: &About) {
        if about.method {
            self.gate.method = Letters::of(self.method().first());
        }
        let mut gate = self.gate;
        if about.path {
            gate.tell_path(self.peek_path());
        }
        if about.host
            && let Some(host) = self.host()
        {
            gate.tell_host(host);
        }
        self.gate = gate;
    }

    /// The method.
    pub(crate) fn method(&mut self) -> &'a [u8] {
        let request = &self.request;
        self.method.get_or_insert_with(|| request.method())
    }

    /// The path in every reading.
    pub(crate) fn path(&mut self) -> &PathViews<'a> {
        self.saw_path = true;
        self.peek_path()
    }

    fn peek_path(&mut self) -> &PathViews<'a> {
        let headers = self.request.headers();
        self.path.get_or_insert_with(|| PathViews::read(headers.first(b":path")))
    }

    /// Whether the path was looked at and is not one that every server reads alike.
    pub(crate) fn saw_ambiguous_path(&self) -> bool {
        self.saw_path && self.path.as_ref().is_some_and(|path| path.clarity() != Clarity::Clear)
    }

    /// The host; `None` where the request names none.
    pub(crate) fn host(&mut self) -> Option<&HostName<'a>> {
        let headers = self.request.headers();
        self.host.get_or_insert_with(|| headers.first(b":authority").map(HostName::read)).as_ref()
    }

    /// The port that the connection came in on; `port` is the attribute.
    pub(crate) fn port(&mut self, port: &Expression, env: &mut dyn Environment) -> Option<&[u8]> {
        let request = &self.request;
        let port = self
            .port
            .get_or_insert_with(|| port.evaluate(request, env).map(|text| text.into_owned()));
        port.as_deref()
    }
}
