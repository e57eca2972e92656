//! The route a request takes, chosen by the test in place of Envoy's route table.

use std::collections::BTreeMap;

use crate::header_map::HeaderMap;

/// What a route decision may look at.
#[derive(Debug)]
pub struct RouteRequest<'a> {
    /// The request headers as they are now.
    pub headers: &'a HeaderMap,
    /// Filter state by key; `proxy_set_property(["x"])` writes `wasm.x`.
    pub filter_state: &'a BTreeMap<String, Vec<u8>>,
}

/// Where a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Route {
    /// `xds.cluster_name`.
    pub cluster: String,
    /// `xds.route_name`, empty for an unnamed route.
    pub name: String,
}

impl Route {
    /// An unnamed route to `cluster`.
    pub fn to(cluster: &str) -> Self {
        Self { cluster: cluster.to_owned(), name: String::new() }
    }
}

/// A route table: asked once per stream and again after the route cache was cleared.
pub(crate) type Router = dyn Fn(&RouteRequest<'_>) -> Route;
