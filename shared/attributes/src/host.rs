//! Attributes of the host: what they are called, and what Envoy has for them.

use filter_api::Environment;
use kind::Kind;

mod kind;

/// Properties that an attribute is read from: the first one that there is. The steps of a path are
/// separated by blanks; `*` stands for the keys (`source.labels["app"]`), and `?` for a key that
/// Istio's peer metadata has as a field of its own.
type Paths = &'static [&'static str];

const ATTRIBUTES: [(&str, Kind, Paths); 25] = [
    // The client's address as the connection manager determined it: after `x-forwarded-for`, if it
    // trusts that, and after PROXY protocol. Envoy tells a module no other. Istio's `source.ip` is
    // the direct peer's, which only the crate `identity` knows how to learn.
    ("source.ip", Kind::Ip, &["source address"]),
    ("remote.ip", Kind::Ip, &["source address"]),
    ("source.port", Kind::Integer, &["source port"]),
    ("source.principal", Kind::Principal, &[]),
    ("source.trustDomain", Kind::TrustDomain, &[]),
    ("source.namespace", Kind::Namespace, &["filter_state downstream_peer namespace"]),
    ("source.serviceAccount", Kind::ServiceAccount, &[]),
    ("source.workload", Kind::Text, &["filter_state downstream_peer workload"]),
    // Istio's peer metadata from 1.24 on, and before. Istio carries only the labels that it is told
    // to, and what it calls `app` and `version` always.
    (
        "source.labels",
        Kind::Text,
        &[
            "filter_state downstream_peer labels *",
            "filter_state downstream_peer ?",
            "downstream_peer labels * value",
        ],
    ),
    ("destination.ip", Kind::Ip, &["destination address"]),
    ("destination.port", Kind::Integer, &["destination port"]),
    // Of the cluster's first service, as Istio notes it in the cluster's metadata.
    (
        "destination.service",
        Kind::Service,
        &["xds cluster_metadata filter_metadata istio services 0 host"],
    ),
    (
        "destination.namespace",
        Kind::DestinationNamespace,
        &["xds cluster_metadata filter_metadata istio services 0 namespace"],
    ),
    // This proxy's own labels are the destination's where it serves inbound requests.
    ("destination.labels", Kind::OfDestination, &["xds node metadata LABELS *"]),
    ("connection.mtls", Kind::Bool, &["connection mtls"]),
    // Where the listener has the listener filter `tls_inspector`.
    ("connection.sni", Kind::Text, &["connection requested_server_name"]),
    ("connection.requestedServerName", Kind::Text, &["connection requested_server_name"]),
    ("connection.tlsVersion", Kind::Text, &["connection tls_version"]),
    ("request.protocol", Kind::Text, &["request protocol"]),
    ("request.auth.principal", Kind::RequestPrincipal, &[]),
    ("request.auth.audiences", Kind::Claim, &[payload!("aud")]),
    ("request.auth.presenter", Kind::Claim, &[payload!("azp")]),
    ("request.auth.claims", Kind::Claim, &[payload!("*")]),
    ("xds.routeName", Kind::Text, &["xds route_name"]),
    ("xds.node.metadata.LABELS", Kind::Text, &["xds node metadata LABELS *"]),
];

/// Attributes that are read by a key, and the one that may have several: objects lie in objects.
const KEYED: [&str; 3] = ["source.labels", "destination.labels", "xds.node.metadata.LABELS"];
const CLAIMS: &str = "request.auth.claims";

/// Labels that Istio's peer metadata has as fields of their own.
const LABEL_FIELDS: [&str; 2] = ["app", "version"];

/// One attribute of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostAttribute {
    kind: Kind,
    paths: Paths,
    keys: Vec<String>,
}

impl HostAttribute {
    /// The attribute `name` with its keys; `None` where there is no such attribute.
    pub(crate) fn find(name: &str, keys: &[String]) -> Option<Self> {
        let has_its_keys = match keys.len() {
            0 => !KEYED.contains(&name) && name != CLAIMS,
            1 => KEYED.contains(&name) || name == CLAIMS,
            _ => name == CLAIMS,
        };
        let (_, kind, paths) = ATTRIBUTES.iter().find(|(other, ..)| *other == name)?;
        has_its_keys.then(|| Self { kind: *kind, paths, keys: keys.to_vec() })
    }

    /// The names of all attributes, as they are written.
    pub(crate) fn names() -> impl Iterator<Item = String> {
        ATTRIBUTES.iter().map(|(name, ..)| {
            let keys = if KEYED.contains(name) || *name == CLAIMS { "[..]" } else { "" };
            [*name, keys].concat()
        })
    }

    /// Whether it is read from the peer's certificate.
    pub(crate) fn is_of_identity(&self) -> bool {
        matches!(
            self.kind,
            Kind::Namespace | Kind::Principal | Kind::ServiceAccount | Kind::TrustDomain
        )
    }

    /// Shows every value of the attribute to `see`; false where there is none.
    #[inline(never)]
    pub(crate) fn visit(&self, env: &mut dyn Environment, see: &mut dyn FnMut(&[u8])) -> bool {
        let property = |env: &mut dyn Environment| {
            self.paths.iter().find_map(|path| property(env, path, &self.keys))
        };
        self.kind.visit(env, &property, see)
    }

    /// The first value.
    pub(crate) fn read(&self, env: &mut dyn Environment) -> Option<Vec<u8>> {
        let mut first = None;
        self.visit(env, &mut |value| {
            if first.is_none() {
                first = Some(value.to_vec());
            }
        });
        first
    }
}

/// The property at `path`, with the keys put in; an empty one does not exist.
fn property(env: &mut dyn Environment, path: &str, keys: &[String]) -> Option<Vec<u8>> {
    let mut steps = Vec::new();
    for step in path.split(' ') {
        match step {
            "*" => steps.extend(keys.iter().map(String::as_str)),
            "?" => {
                steps.extend(keys.iter().map(String::as_str).find(|key| LABEL_FIELDS.contains(key)))
            }
            step => steps.push(step),
        }
    }
    env.property(&steps).filter(|bytes| !bytes.is_empty())
}

/// The property at `path`.
pub(crate) fn plain_property(env: &mut dyn Environment, path: &str) -> Option<Vec<u8>> {
    property(env, path, &[])
}
