//! What the user writes, in the words of Istio's `AuthorizationPolicy`.

use serde::Deserialize;

/// One entry of a list of sources; any of them may match.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct SourceEntry {
    /// Who.
    pub source: Source,
}

/// Who calls. Every field that is there has to be met, by any of its values; at least one has to be
/// there. A text is `exact`, `prefix*`, `*suffix`, or `*`, which asks only whether there is any.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Source {
    /// Identities of validated peer certificates, `<trust domain>/ns/<namespace>/sa/<service
    /// account>`, with `spiffe://` before it or not. The trust domain is compared without regard to
    /// case, and a prefix has to hold all of it: `cluster.local/*`.
    pub principals: Option<Vec<String>>,
    /// As `principals`, of which none may match.
    pub not_principals: Option<Vec<String>>,
    /// Namespaces of these identities.
    pub namespaces: Option<Vec<String>>,
    /// As `namespaces`, of which none may match.
    pub not_namespaces: Option<Vec<String>>,
    /// Service accounts of these identities, `<namespace>/<service account>`, without `*`.
    pub service_accounts: Option<Vec<String>>,
    /// As `serviceAccounts`, of which none may match.
    pub not_service_accounts: Option<Vec<String>>,
    /// Trust domains of these identities, without regard to case.
    pub trust_domains: Option<Vec<String>>,
    /// As `trustDomains`, of which none may match.
    pub not_trust_domains: Option<Vec<String>>,
    /// Addresses and prefixes of the direct peer, such as `10.0.0.0/8`. Envoy does not tell it to a
    /// module: it is missing unless `evidence` or a filter in front provides it.
    pub ip_blocks: Option<Vec<String>>,
    /// As `ipBlocks`, of which none may match.
    pub not_ip_blocks: Option<Vec<String>>,
    /// Addresses and prefixes of the client as Envoy determined it, by `x-forwarded-for` or PROXY
    /// protocol where it is told to trust them.
    pub remote_ip_blocks: Option<Vec<String>>,
    /// As `remoteIpBlocks`, of which none may match.
    pub not_remote_ip_blocks: Option<Vec<String>>,
    /// `<issuer>/<subject>` of tokens that Envoy's `jwt_authn` has verified, with
    /// `payload_in_metadata: payload`.
    pub request_principals: Option<Vec<String>>,
    /// As `requestPrincipals`, of which none may match.
    pub not_request_principals: Option<Vec<String>>,
}

/// What the operator vouches for, because Envoy does not tell it to a module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[cfg_attr(not(target_arch = "wasm32"), derive(schemars::JsonSchema))]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Evidence {
    /// That every certificate which a peer presents was validated: the listener has a `trusted_ca`
    /// and no `trust_chain_verification: ACCEPT_UNTRUSTED`. Needed before Envoy 1.39, which does not
    /// tell whether it was, and from then on where TLS sessions are resumed: of those Envoy says that
    /// it was not. (The other way is to let the listener resume none:
    /// `disable_stateless_session_resumption` and `disable_stateful_session_resumption`.)
    pub assume_verified_mtls: bool,
    /// That the connection manager takes the client's address from nothing but the connection:
    /// `use_remote_address: true`, no `xff_num_trusted_hops`, no PROXY protocol. Then it is the
    /// direct peer's.
    pub assume_direct_source_address: bool,
}
