//! What Envoy tells about the caller of one request.

use crate::Evidence;
use addresses::{ip_of_socket, parse_ip};
use attributes::{SpiffeId, request_principal};
use filter_api::Environment;
use std::net::IpAddr;

#[cfg(test)]
mod tests;

/// Where a filter in front tells the address of the direct peer.
const DIRECT_ADDRESS: &str = "ballast.direct_remote_address";

/// What is known of an attribute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Known<T> {
    /// There is none.
    Absent,
    /// There is one, but not which.
    Present,
    /// Not even whether there is one.
    Nothing,
    /// It is this.
    Value(T),
}

/// The caller of one request. Each attribute of the host is asked for at most once, and only when a
/// rule looks at it; making this costs nothing.
#[derive(Debug)]
pub struct Peer {
    evidence: Evidence,
    identity: Option<Known<Identity>>,
    direct_ip: Option<Known<IpAddr>>,
    remote_ip: Option<Known<IpAddr>>,
    request_principal: Option<Known<Vec<u8>>>,
}

/// A validated identity, taken apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Identity {
    /// `<trust domain>/<path>`, the trust domain in lower case.
    pub(crate) principal: Vec<u8>,
    pub(crate) trust_domain: Vec<u8>,
    pub(crate) namespace: Option<Vec<u8>>,
    /// `<namespace>/<service account>`.
    pub(crate) service_account: Option<Vec<u8>>,
}

impl Peer {
    /// The caller of the request at hand.
    #[must_use]
    pub fn new(evidence: Evidence) -> Self {
        Self { evidence, identity: None, direct_ip: None, remote_ip: None, request_principal: None }
    }

    /// Whether the peer has a certificate that was validated, with a name in it. What an attribute
    /// expression reads from a certificate is worth nothing otherwise.
    pub fn is_verified(&mut self, env: &mut dyn Environment) -> bool {
        matches!(self.identity(env), Known::Present | Known::Value(_))
    }

    /// The identity in the peer's certificate, if that was validated.
    pub(crate) fn identity(&mut self, env: &mut dyn Environment) -> &Known<Identity> {
        let evidence = self.evidence;
        self.identity.get_or_insert_with(|| read_identity(evidence, env))
    }

    /// The address of the direct peer.
    pub(crate) fn direct_ip(&mut self, env: &mut dyn Environment) -> &Known<IpAddr> {
        if self.evidence.assume_direct_source_address {
            return self.remote_ip(env);
        }
        self.direct_ip.get_or_insert_with(|| {
            let text = env.property(&["filter_state", DIRECT_ADDRESS]).unwrap_or_default();
            // Without the zone of a link-local address.
            let ip = text.split(|byte| *byte == b'%').next().and_then(parse_ip);
            ip.map_or(Known::Nothing, Known::Value)
        })
    }

    /// The address of the client as Envoy determined it.
    pub(crate) fn remote_ip(&mut self, env: &mut dyn Environment) -> &Known<IpAddr> {
        self.remote_ip.get_or_insert_with(|| {
            let address = env.property(&["source", "address"]).unwrap_or_default();
            ip_of_socket(&address).map_or(Known::Nothing, Known::Value)
        })
    }

    /// Issuer and subject of a verified token.
    pub(crate) fn request_principal(&mut self, env: &mut dyn Environment) -> &Known<Vec<u8>> {
        self.request_principal
            .get_or_insert_with(|| request_principal(env).map_or(Known::Absent, Known::Value))
    }
}

fn read_identity(evidence: Evidence, env: &mut dyn Environment) -> Known<Identity> {
    let valid = env.property(&["connection", "peer_certificate_valid"]);
    match valid.as_deref() {
        Some([valid]) if *valid != 0 => {}
        _ if evidence.assume_verified_mtls => {}
        // Where no certificate was presented, there is none that could have been validated. Where one
        // was, "not validated" says little: of a resumed session Envoy no longer knows. A rule that
        // refuses an identity must not be passed by coming back.
        _ => {
            return match env.property(&["connection", "mtls"]).as_deref() {
                Some([0]) => Known::Absent,
                _ => Known::Nothing,
            };
        }
    }
    match env.property(&["connection", "uri_san_peer_certificate"]) {
        Some(uri) if !uri.is_empty() => {
            SpiffeId::parse(&uri).map_or(Known::Present, |id| Known::Value(Identity::of(id)))
        }
        _ => Known::Absent,
    }
}

impl<T> Known<T> {
    pub(crate) fn as_ref(&self) -> Known<&T> {
        match self {
            Self::Absent => Known::Absent,
            Self::Present => Known::Present,
            Self::Nothing => Known::Nothing,
            Self::Value(value) => Known::Value(value),
        }
    }

    pub(crate) fn map<U>(self, map: impl FnOnce(T) -> U) -> Known<U> {
        match self {
            Self::Absent => Known::Absent,
            Self::Present => Known::Present,
            Self::Nothing => Known::Nothing,
            Self::Value(value) => Known::Value(map(value)),
        }
    }
}

impl Identity {
    fn of(id: SpiffeId<'_>) -> Self {
        Self {
            principal: id.principal(),
            trust_domain: id.trust_domain(),
            namespace: id.namespace().map(<[u8]>::to_vec),
            service_account: id.service_account(),
        }
    }
}
