//! Listeners with an HTTP connection manager.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::document::merge;
use super::{HttpFilter, Route, loopback};
use crate::process::ACCESS_LOG_FILE;

const MANAGER: &str = "type.googleapis.com/envoy.extensions.filters.network.\
                       http_connection_manager.v3.HttpConnectionManager";
const ROUTER: &str = "type.googleapis.com/envoy.extensions.filters.http.router.v3.Router";
const FILE_LOG: &str = "type.googleapis.com/envoy.extensions.access_loggers.file.v3.FileAccessLog";

/// A listener on a free port of loopback; HTTP/1.1 and HTTP/2 (prior knowledge) are both served.
#[derive(Clone, Debug)]
pub struct Listener {
    name: String,
    filters: Vec<HttpFilter>,
    routes: Vec<Route>,
    log: Option<Map<String, Value>>,
    fields: Value,
    manager: Value,
    transport_socket: Option<Value>,
}

impl Listener {
    /// A listener that has no routes yet: all requests are answered 404. It logs each request.
    #[must_use]
    pub fn new(name: &str) -> Self {
        let log = [
            ("code", "%RESPONSE_CODE%"),
            ("details", "%RESPONSE_CODE_DETAILS%"),
            ("duration", "%DURATION%"),
            ("flags", "%RESPONSE_FLAGS%"),
            ("method", "%REQ(:METHOD)%"),
            ("path", "%REQ(:PATH)%"),
            ("protocol", "%PROTOCOL%"),
            ("upstream", "%UPSTREAM_CLUSTER%"),
        ];
        let log = log.map(|(field, format)| (field.to_owned(), json!(format)));
        Self {
            name: name.to_owned(),
            filters: Vec::new(),
            routes: Vec::new(),
            log: Some(log.into_iter().collect()),
            fields: json!({}),
            manager: json!({}),
            transport_socket: None,
        }
    }

    /// One more filter before the router, after those added so far.
    #[must_use]
    pub fn filter(mut self, filter: impl Into<HttpFilter>) -> Self {
        self.filters.push(filter.into());
        self
    }

    /// One more route, after those added so far.
    #[must_use]
    pub fn route(mut self, route: Route) -> Self {
        self.routes.push(route);
        self
    }

    /// One more field of the access log, in Envoy's format, e.g. `%REQ(x-request-id)%`.
    #[must_use]
    pub fn log_field(mut self, field: &str, format: &str) -> Self {
        self.log.get_or_insert_default().insert(field.to_owned(), json!(format));
        self
    }

    /// One more field of the access log: the filter state that a module set as the property `name`.
    #[must_use]
    pub fn log_filter_state(self, name: &str) -> Self {
        self.log_field(name, &format!("%FILTER_STATE(wasm.{name}:PLAIN)%"))
    }

    /// No access log.
    #[must_use]
    pub fn without_access_log(mut self) -> Self {
        self.log = None;
        self
    }

    /// Normalizes paths before filters and routes see them.
    #[must_use]
    pub fn normalize_path(self) -> Self {
        self.manager(json!({"normalize_path": true}))
    }

    /// How long a connection that Envoy closes is kept half open (Envoy: 1 s).
    #[must_use]
    pub fn delayed_close_timeout(self, timeout: Duration) -> Self {
        self.manager(json!({"delayed_close_timeout": seconds(timeout)}))
    }

    /// How long a stream may be silent before it is reset (Envoy: 5 min).
    #[must_use]
    pub fn stream_idle_timeout(self, timeout: Duration) -> Self {
        self.manager(json!({"stream_idle_timeout": seconds(timeout)}))
    }

    /// The soft limit of each connection's buffers in bytes (Envoy: 1 MiB).
    #[must_use]
    pub fn per_connection_buffer_limit_bytes(self, limit: u32) -> Self {
        self.merge(json!({"per_connection_buffer_limit_bytes": limit}))
    }

    /// Sets or replaces fields of Envoy's `HttpConnectionManager`.
    #[must_use]
    pub fn manager(mut self, fields: Value) -> Self {
        merge(&mut self.manager, fields);
        self
    }

    /// Sets the `transport_socket` of the only filter chain, such as a `DownstreamTlsContext`.
    #[must_use]
    pub fn transport_socket(mut self, socket: Value) -> Self {
        self.transport_socket = Some(socket);
        self
    }

    /// Sets or replaces fields of Envoy's `Listener`, such as `traffic_direction`.
    #[must_use]
    pub fn merge(mut self, fields: Value) -> Self {
        merge(&mut self.fields, fields);
        self
    }

    pub(crate) fn value(&self) -> Value {
        let router =
            json!({"name": "envoy.filters.http.router", "typed_config": {"@type": ROUTER}});
        let filters: Vec<&Value> =
            self.filters.iter().map(HttpFilter::value).chain([&router]).collect();
        let routes: Vec<&Value> = self.routes.iter().map(Route::value).collect();
        let mut manager = json!({
            "@type": MANAGER,
            "stat_prefix": self.name,
            "http_filters": filters,
            "route_config": {
                "name": self.name,
                "virtual_hosts": [{"name": self.name, "domains": ["*"], "routes": routes}],
            },
        });
        if let Some(fields) = &self.log {
            let log = json!({
                "@type": FILE_LOG,
                "path": format!("./{ACCESS_LOG_FILE}"),
                "log_format": {"json_format": fields},
            });
            let log = json!([{"name": "envoy.access_loggers.file", "typed_config": log}]);
            merge(&mut manager, json!({"access_log": log}));
        }
        merge(&mut manager, self.manager.clone());
        let mut chain = json!({"filters": [{
            "name": "envoy.filters.network.http_connection_manager",
            "typed_config": manager,
        }]});
        if let Some(socket) = &self.transport_socket {
            merge(&mut chain, json!({"transport_socket": socket}));
        }
        let mut value = json!({"name": self.name, "address": loopback(), "filter_chains": [chain]});
        merge(&mut value, self.fields.clone());
        value
    }
}

/// A duration in protobuf's JSON, to the microsecond.
fn seconds(duration: Duration) -> String {
    format!("{}.{:06}s", duration.as_secs(), duration.subsec_micros())
}
