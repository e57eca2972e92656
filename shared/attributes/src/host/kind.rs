//! How an attribute becomes text.

use super::plain_property;
use crate::jwt;
use crate::spiffe::SpiffeId;
use addresses::ip_of_socket;
use filter_api::Environment;

/// How the host encodes an attribute, or what it is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// One byte.
    Bool,
    /// A text or a list of texts.
    Claim,
    /// Text, or else this proxy's own namespace where the destination is its workload.
    DestinationNamespace,
    /// Eight bytes, little-endian.
    Integer,
    /// `address:port`, of which the address is meant.
    Ip,
    /// Of the peer's certificate, or else text.
    Namespace,
    /// Text, where the destination is this proxy's own workload.
    OfDestination,
    /// The first URI SAN of the peer's certificate.
    Principal,
    /// `<issuer>/<subject>` of a verified token.
    RequestPrincipal,
    /// Text, or else the host in the name that Istio gives a cluster.
    Service,
    /// `<namespace>/<service account>` of the peer's certificate.
    ServiceAccount,
    /// As it is.
    Text,
    /// Of the peer's certificate.
    TrustDomain,
}

/// Reads the property of the attribute.
type Property<'p> = &'p dyn Fn(&mut dyn Environment) -> Option<Vec<u8>>;

impl Kind {
    /// Shows every value to `see`; false where there is none.
    pub(super) fn visit(
        self,
        env: &mut dyn Environment,
        property: Property<'_>,
        see: &mut dyn FnMut(&[u8]),
    ) -> bool {
        let value = match self {
            Self::Claim => {
                let claim = property(env).unwrap_or_default();
                let texts = jwt::texts(&claim);
                texts.iter().for_each(|text| see(text));
                return !texts.is_empty();
            }
            _ => self.read(env, property),
        };
        value.as_deref().map(see).is_some()
    }

    fn read(self, env: &mut dyn Environment, property: Property<'_>) -> Option<Vec<u8>> {
        match self {
            Self::Bool => match *property(env)?.as_slice() {
                [0] => Some(b"false".to_vec()),
                [_] => Some(b"true".to_vec()),
                _ => None,
            },
            Self::Integer => {
                let number = u64::from_le_bytes(property(env)?.try_into().ok()?);
                Some(number.to_string().into_bytes())
            }
            Self::Ip => ip(&property(env)?).map(<[u8]>::to_vec),
            Self::DestinationNamespace => property(env).or_else(|| {
                if is_outbound(env) {
                    return None;
                }
                plain_property(env, "xds node metadata NAMESPACE")
            }),
            Self::OfDestination => {
                if is_outbound(env) {
                    None
                } else {
                    property(env)
                }
            }
            Self::Service => property(env).or_else(|| {
                host_of_cluster(&plain_property(env, "xds cluster_name")?).map(<[u8]>::to_vec)
            }),
            Self::Principal => principal(env),
            Self::Namespace | Self::ServiceAccount | Self::TrustDomain => principal(env)
                .and_then(|uri| self.part(SpiffeId::parse(&uri)?))
                .or_else(|| property(env)),
            Self::RequestPrincipal => jwt::request_principal(env),
            Self::Claim | Self::Text => property(env),
        }
    }

    fn part(self, id: SpiffeId<'_>) -> Option<Vec<u8>> {
        match self {
            Self::TrustDomain => Some(id.trust_domain()),
            Self::ServiceAccount => id.service_account(),
            _ => id.namespace().map(<[u8]>::to_vec),
        }
    }
}

/// Not of a certificate that Envoy knows to be unverified. Before 1.39 it does not say.
fn principal(env: &mut dyn Environment) -> Option<Vec<u8>> {
    let uri = plain_property(env, "connection uri_san_peer_certificate")?;
    let valid = plain_property(env, "connection peer_certificate_valid");
    (valid.as_deref() != Some(&[0])).then_some(uri)
}

/// Whether the request comes from this proxy's own workload (`traffic_direction: OUTBOUND`).
fn is_outbound(env: &mut dyn Environment) -> bool {
    const OUTBOUND: [u8; 8] = 2_u64.to_le_bytes();
    plain_property(env, "xds listener_direction").is_some_and(|direction| direction == OUTBOUND)
}

/// Istio calls the clusters to other services `outbound|<port>|<subset>|<host>`.
fn host_of_cluster(name: &[u8]) -> Option<&[u8]> {
    let mut parts = name.split(|byte| *byte == b'|');
    match (parts.next()?, parts.next()?, parts.next()?, parts.next()?, parts.next()) {
        (b"outbound", _, _, host, None) => (!host.is_empty()).then_some(host),
        _ => None,
    }
}

/// The address of `1.2.3.4:80` or `[2001:db8::1]:80` as it stands there, but IPv4 never in IPv6's
/// clothes; `None` for a pipe or an internal listener.
fn ip(address: &[u8]) -> Option<&[u8]> {
    let is_v4 = ip_of_socket(address)?.is_ipv4();
    match address.strip_prefix(b"[") {
        Some(rest) => {
            let inside = rest.split(|byte| *byte == b']').next()?;
            Some(inside.strip_prefix(b"::ffff:").filter(|_| is_v4).unwrap_or(inside))
        }
        None => address.split(|byte| *byte == b':').next(),
    }
}
