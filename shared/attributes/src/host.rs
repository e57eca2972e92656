//! Attributes of the host: which property each one is, and how its bytes read as text.

use filter_api::Environment;
use std::net::IpAddr;

/// How the host encodes an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Encoding {
    /// One byte.
    Bool,
    /// `address:port`, of which the address is meant.
    Ip,
    /// Eight bytes, little-endian.
    Integer,
    /// As it is; an empty one does not exist.
    Text,
}

/// An attribute without a key, and where Envoy has it.
struct Named {
    name: &'static str,
    path: &'static [&'static str],
    encoding: Encoding,
}

const NAMED: [Named; 10] = [
    Named { name: "source.ip", path: &["source", "address"], encoding: Encoding::Ip },
    Named { name: "source.port", path: &["source", "port"], encoding: Encoding::Integer },
    // The first URI SAN of the peer's certificate. Whether that certificate was verified is not
    // said by it: who decides on access by it must check that first.
    Named {
        name: "source.principal",
        path: &["connection", "uri_san_peer_certificate"],
        encoding: Encoding::Text,
    },
    // Istio's peer metadata.
    Named {
        name: "source.namespace",
        path: &["filter_state", "downstream_peer", "namespace"],
        encoding: Encoding::Text,
    },
    Named { name: "destination.ip", path: &["destination", "address"], encoding: Encoding::Ip },
    Named { name: "destination.port", path: &["destination", "port"], encoding: Encoding::Integer },
    Named { name: "connection.mtls", path: &["connection", "mtls"], encoding: Encoding::Bool },
    Named {
        name: "connection.requestedServerName",
        path: &["connection", "requested_server_name"],
        encoding: Encoding::Text,
    },
    Named {
        name: "connection.tlsVersion",
        path: &["connection", "tls_version"],
        encoding: Encoding::Text,
    },
    Named { name: "xds.routeName", path: &["xds", "route_name"], encoding: Encoding::Text },
];

/// An attribute with a key (`source.labels["app"]`), and where Envoy has it: the first path that
/// gives a text. `*` stands for the key.
struct Keyed {
    name: &'static str,
    paths: &'static [&'static [&'static str]],
}

const KEYED: [Keyed; 2] = [
    Keyed {
        name: "source.labels",
        // Istio's peer metadata from 1.24 on, and before. Istio carries only the labels that it is
        // told to, and what it calls `app` and `version` always.
        paths: &[
            &["filter_state", "downstream_peer", "labels", "*"],
            &["filter_state", "downstream_peer", "*"],
            &["downstream_peer", "labels", "*", "value"],
        ],
    },
    // The proxy's own labels: what Istio writes in its node's metadata.
    Keyed {
        name: "xds.node.metadata.LABELS",
        paths: &[&["xds", "node", "metadata", "LABELS", "*"]],
    },
];

/// Labels that Istio's peer metadata has as fields of their own.
const LABEL_FIELDS: [&str; 2] = ["app", "version"];

/// One attribute of the host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct HostAttribute {
    paths: Vec<Vec<String>>,
    encoding: Encoding,
}

impl HostAttribute {
    /// The attribute `name`, with a key where it has one; `None` where there is no such attribute.
    pub(crate) fn find(name: &str, key: Option<&str>) -> Option<Self> {
        match key {
            None => NAMED.iter().find(|named| named.name == name).map(|named| Self {
                paths: vec![named.path.iter().map(|step| (*step).to_owned()).collect()],
                encoding: named.encoding,
            }),
            Some(key) => KEYED.iter().find(|keyed| keyed.name == name).map(|keyed| Self {
                paths: keyed.paths.iter().filter_map(|path| with_key(path, key)).collect(),
                encoding: Encoding::Text,
            }),
        }
    }

    /// The names of all attributes, as they are written.
    pub(crate) fn names() -> impl Iterator<Item = String> {
        let named = NAMED.iter().map(|named| named.name.to_owned());
        named.chain(KEYED.iter().map(|keyed| format!("{}[..]", keyed.name)))
    }

    /// The attribute as text; `None` where the host has none.
    pub(crate) fn read(&self, env: &mut dyn Environment) -> Option<Vec<u8>> {
        self.paths.iter().find_map(|path| {
            let steps: Vec<&str> = path.iter().map(String::as_str).collect();
            decode(self.encoding, env.property(&steps)?)
        })
    }
}

/// The path with the key put in; `None` where the path is only for keys that are fields.
fn with_key(path: &[&str], key: &str) -> Option<Vec<String>> {
    let is_field = matches!(path, ["filter_state", "downstream_peer", "*"]);
    if is_field && !LABEL_FIELDS.contains(&key) {
        return None;
    }
    Some(path.iter().map(|step| if *step == "*" { key } else { step }.to_owned()).collect())
}

fn decode(encoding: Encoding, bytes: Vec<u8>) -> Option<Vec<u8>> {
    match encoding {
        Encoding::Text => (!bytes.is_empty()).then_some(bytes),
        Encoding::Ip => ip(&bytes).map(|text| text.as_bytes().to_vec()),
        Encoding::Integer => {
            let number = u64::from_le_bytes(bytes.try_into().ok()?);
            Some(number.to_string().into_bytes())
        }
        Encoding::Bool => match *bytes.as_slice() {
            [0] => Some(b"false".to_vec()),
            [_] => Some(b"true".to_vec()),
            _ => None,
        },
    }
}

/// The address of `1.2.3.4:80` or `[2001:db8::1]:80`; `None` for a pipe or an internal listener.
fn ip(address: &[u8]) -> Option<&str> {
    let text = std::str::from_utf8(address).ok()?;
    let ip = match text.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?.0,
        None => text.rsplit_once(':')?.0,
    };
    ip.parse::<IpAddr>().is_ok().then_some(ip)
}
