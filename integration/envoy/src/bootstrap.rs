//! What Envoy shall serve, in Envoy's words.

mod document;
mod filter;
mod listener;
mod route;

use std::net::SocketAddr;

use serde_json::{Value, json};

pub use document::{Document, merge};
pub use filter::{FailurePolicy, HttpFilter, PluginConfiguration, WasmFilter};
pub use listener::Listener;
pub use route::Route;

/// The file that dynamic listeners are read from, in Envoy's working directory.
pub(crate) const LDS_FILE: &str = "lds.json";

/// A group of upstreams.
#[derive(Clone, Debug)]
pub struct Cluster(Value);

impl Cluster {
    /// One upstream that speaks HTTP/1.1.
    #[must_use]
    pub fn new(name: &str, addr: SocketAddr) -> Self {
        Self(json!({
            "name": name,
            "connect_timeout": "1s",
            "type": "STATIC",
            "load_assignment": {
                "cluster_name": name,
                "endpoints": [{"lb_endpoints": [{"endpoint": {"address": socket(addr)}}]}],
            },
        }))
    }

    /// The same over HTTP/2, with prior knowledge.
    #[must_use]
    pub fn http2(self) -> Self {
        self.merge(json!({"typed_extension_protocol_options": {
            "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
                "@type": "type.googleapis.com/envoy.extensions.upstreams.http.v3.HttpProtocolOptions",
                "explicit_http_config": {"http2_protocol_options": {}},
            },
        }}))
    }

    /// Sets or replaces fields of Envoy's `Cluster`.
    #[must_use]
    pub fn merge(mut self, fields: Value) -> Self {
        document::merge(&mut self.0, fields);
        self
    }
}

/// A bootstrap under construction. Ports are free ones; the admin address is on loopback.
#[derive(Clone, Debug, Default)]
pub struct Bootstrap {
    listeners: Vec<Listener>,
    clusters: Vec<Cluster>,
    fields: Vec<Value>,
    dynamic: bool,
}

impl Bootstrap {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// One more listener.
    #[must_use]
    pub fn listener(mut self, listener: Listener) -> Self {
        self.listeners.push(listener);
        self
    }

    /// One more cluster.
    #[must_use]
    pub fn cluster(mut self, cluster: Cluster) -> Self {
        self.clusters.push(cluster);
        self
    }

    /// Reads the listeners from a file, so that
    /// [`update_listeners`](crate::EnvoyProcess::update_listeners) can replace them.
    #[must_use]
    pub fn dynamic_listeners(mut self) -> Self {
        self.dynamic = true;
        self
    }

    /// Sets or replaces fields of Envoy's `Bootstrap`, such as `node` or `stats_config`.
    #[must_use]
    pub fn merge(mut self, fields: Value) -> Self {
        self.fields.push(fields);
        self
    }

    /// The finished text.
    #[must_use]
    pub fn document(&self) -> Document {
        let listeners: Vec<Value> = self.listeners.iter().map(Listener::value).collect();
        let clusters: Vec<&Value> = self.clusters.iter().map(|cluster| &cluster.0).collect();
        let mut value = json!({
            "node": {"id": "test", "cluster": "test"},
            "static_resources": {"clusters": clusters},
        });
        let mut dynamic = None;
        if self.dynamic {
            let source = json!({"path_config_source": {"path": format!("./{LDS_FILE}")}});
            document::merge(&mut value, json!({"dynamic_resources": {"lds_config": source}}));
            dynamic = Some(listeners);
        } else {
            document::merge(&mut value, json!({"static_resources": {"listeners": listeners}}));
        }
        for fields in &self.fields {
            document::merge(&mut value, fields.clone());
        }
        Document::new(value, dynamic)
    }
}

pub(crate) fn socket(addr: SocketAddr) -> Value {
    json!({"socket_address": {"address": addr.ip().to_string(), "port_value": addr.port()}})
}

pub(crate) fn loopback() -> Value {
    socket(SocketAddr::from(([127, 0, 0, 1], 0)))
}
