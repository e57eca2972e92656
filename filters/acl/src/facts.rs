//! What is known of one request, each piece found out once and only if a rule asks.

use crate::host_name::HostName;
use crate::path_views::{Clarity, PathViews};
use attributes::Expression;
use filter_api::{Environment, RequestHead};
use identity::{Evidence, Peer};
use matchers::header_index::Snapshot;

/// A request, as rules look at it.
pub(crate) struct Facts<'a> {
    pub(crate) request: RequestHead<'a>,
    pub(crate) peer: Peer,
    /// The headers that rules ask for by name.
    pub(crate) headers: &'a Snapshot<'a>,
    method: Option<&'a [u8]>,
    host: Option<Option<HostName<'a>>>,
    path: Option<PathViews<'a>>,
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
            port: None,
        }
    }

    /// The method.
    pub(crate) fn method(&mut self) -> &'a [u8] {
        let request = &self.request;
        self.method.get_or_insert_with(|| request.method())
    }

    /// The path in every reading.
    pub(crate) fn path(&mut self) -> &PathViews<'a> {
        let request = &self.request;
        self.path.get_or_insert_with(|| PathViews::read(request.headers().first(b":path")))
    }

    /// Whether the path was looked at and is not one that every server reads alike.
    pub(crate) fn saw_ambiguous_path(&self) -> bool {
        self.path.as_ref().is_some_and(|path| path.clarity() != Clarity::Clear)
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
