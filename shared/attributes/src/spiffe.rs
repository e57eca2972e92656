//! SPIFFE IDs: the names of workloads.

use crate::jwt::with_slash;

/// `spiffe://<trust domain>/<path>`, as the URI SAN of a certificate holds it.
///
/// Scheme and trust domain are compared without their case, the path with it (SPIFFE-ID §2). What
/// breaks the rules of such names (an empty path segment, a dot segment, an escape, a port) is none:
/// two readers would take it for two names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SpiffeId<'a> {
    trust_domain: &'a [u8],
    /// With its leading slash; empty where there is none.
    path: &'a [u8],
}

impl<'a> SpiffeId<'a> {
    /// Reads a URI; `None` where it is no SPIFFE ID.
    #[must_use]
    pub fn parse(uri: &'a [u8]) -> Option<Self> {
        let (scheme, rest) = uri.split_at_checked(SCHEME.len())?;
        let end = rest.iter().position(|byte| *byte == b'/').unwrap_or(rest.len());
        let (trust_domain, path) = rest.split_at_checked(end)?;
        let is_id = scheme.eq_ignore_ascii_case(SCHEME)
            && is_segment(trust_domain)
            && path.split(|byte| *byte == b'/').skip(1).all(is_segment);
        is_id.then_some(Self { trust_domain, path })
    }

    /// As Istio writes a principal: without the scheme, the trust domain in lower case.
    #[must_use]
    pub fn principal(&self) -> Vec<u8> {
        let mut principal = self.trust_domain();
        principal.extend_from_slice(self.path);
        principal
    }

    /// The trust domain in lower case.
    #[must_use]
    pub fn trust_domain(&self) -> Vec<u8> {
        self.trust_domain.to_ascii_lowercase()
    }

    /// The namespace of `/ns/<namespace>/sa/<service account>`, as Kubernetes workloads are called.
    #[must_use]
    pub fn namespace(&self) -> Option<&'a [u8]> {
        self.kubernetes().map(|(namespace, _)| namespace)
    }

    /// `<namespace>/<service account>` of `/ns/<namespace>/sa/<service account>`.
    #[must_use]
    pub fn service_account(&self) -> Option<Vec<u8>> {
        self.kubernetes().map(|(namespace, account)| with_slash(namespace.to_vec(), account))
    }

    fn kubernetes(&self) -> Option<(&'a [u8], &'a [u8])> {
        let mut steps = self.path.split(|byte| *byte == b'/').skip(1);
        let mut step = || steps.next();
        match (step()?, step()?, step()?, step()?, step()) {
            (b"ns", namespace, b"sa", account, None) => Some((namespace, account)),
            _ => None,
        }
    }
}

const SCHEME: &[u8] = b"spiffe://";

/// Letters, digits, `-`, `.`, `_`; at least one, and not a dot segment.
fn is_segment(text: &[u8]) -> bool {
    let is_plain = |byte: &u8| byte.is_ascii_alphanumeric() || b"-._".contains(byte);
    !matches!(text, b"" | b"." | b"..") && text.iter().all(is_plain)
}

#[cfg(test)]
mod tests {
    use super::SpiffeId;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn the_trust_domain_has_no_case_and_the_path_has() {
        let id = SpiffeId::parse(b"SPIFFE://Cluster.Local/ns/A/sa/b-1_2.c").unwrap();
        assert_eq!(id.principal(), b"cluster.local/ns/A/sa/b-1_2.c");
        assert_eq!(id.trust_domain(), b"cluster.local");
        assert_eq!(
            (id.namespace(), id.service_account()),
            (Some(&b"A"[..]), Some(b"A/b-1_2.c".to_vec()))
        );
    }

    #[test]
    fn only_the_path_of_a_kubernetes_workload_has_a_namespace() {
        for uri in [
            "spiffe://a",
            "spiffe://a/b",
            "spiffe://a/ns/b",
            "spiffe://a/ns/b/sa",
            "spiffe://a/ns/b/sa/c/d",
            "spiffe://a/NS/b/sa/c",
            "spiffe://a/x/ns/b/sa/c",
        ] {
            let id = SpiffeId::parse(uri.as_bytes()).unwrap();
            assert_eq!((id.namespace(), id.service_account()), (None, None), "{uri}");
        }
    }

    #[test]
    fn what_has_two_readings_is_no_id() {
        for uri in [
            "",
            "spiffe:/a",
            "https://a/b",
            "spiffe://",
            "spiffe:///ns/a/sa/b",
            "spiffe://a/",
            "spiffe://a//b",
            "spiffe://a/b/",
            "spiffe://a/./b",
            "spiffe://a/../b",
            "spiffe://a:1/b",
            "spiffe://u@a/b",
            "spiffe://a/b?c",
            "spiffe://a/b#c",
            "spiffe://a/%62",
            "spiffe://a b",
            "spiffe://é/b",
            " spiffe://a",
        ] {
            assert_eq!(SpiffeId::parse(uri.as_bytes()), None, "{uri}");
        }
        assert_eq!(SpiffeId::parse(b"spiffe://a/\xff"), None);
    }
}
