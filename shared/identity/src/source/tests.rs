use super::SourceMatcher;
use crate::{Evidence, Peer, SourceEntry};
use filter_api::ConfigError;
use filter_testing::SimEnvironment;
use matchers::MatchResult::{self, Match, Missing, NoMatch};
use serde::Deserialize;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[derive(Deserialize)]
struct Rule {
    from: Vec<SourceEntry>,
}

fn matcher(from: &str) -> Result<SourceMatcher, ConfigError> {
    let rule: Rule = filter_config::load(format!(r#"{{"from":{from}}}"#).as_bytes())?;
    SourceMatcher::from_wire(&rule.from, "rules[0].from")
}

/// The caller as a test tells it.
#[derive(Clone, Copy, Default)]
struct Caller<'a> {
    /// A URI SAN; validated.
    uri: Option<&'a str>,
    /// Whether Envoy tells nothing about certificates.
    is_old: bool,
    client: Option<&'a str>,
    token: Option<(&'a str, &'a str)>,
}

impl Caller<'_> {
    fn env(self) -> SimEnvironment {
        let mut env = SimEnvironment::seeded(0);
        let mut set = |path: &str, value: &[u8]| {
            env.properties.insert(path.to_owned(), value.to_vec());
        };
        if !self.is_old {
            set("connection.peer_certificate_valid", &[u8::from(self.uri.is_some())]);
        }
        set("connection.mtls", &[u8::from(self.uri.is_some())]);
        if let Some(uri) = self.uri {
            set("connection.uri_san_peer_certificate", uri.as_bytes());
        }
        if let Some(client) = self.client {
            set("source.address", client.as_bytes());
        }
        if let Some((issuer, subject)) = self.token {
            let payload = "metadata.filter_metadata.envoy.filters.http.jwt_authn.payload";
            set(&format!("{payload}.iss"), issuer.as_bytes());
            set(&format!("{payload}.sub"), subject.as_bytes());
        }
        env
    }
}

fn result(from: &str, caller: Caller<'_>) -> MatchResult {
    matcher(from).unwrap().matches(&mut Peer::new(Evidence::default()), &mut caller.env())
}

fn with_uri(uri: &str) -> Caller<'_> {
    Caller { uri: Some(uri), ..Caller::default() }
}

const CUSTOMER: &str = "spiffe://cluster.local/ns/tutorial/sa/customer";

#[test]
fn principals_are_compared_as_istio_does_and_never_beyond_their_trust_domain() {
    for (pattern, matching, other) in [
        (
            "cluster.local/ns/tutorial/sa/customer",
            CUSTOMER,
            "spiffe://cluster.local/ns/tutorial/sa/Customer",
        ),
        (
            "spiffe://Cluster.LOCAL/ns/tutorial/sa/customer",
            CUSTOMER,
            "spiffe://cluster.local/ns/tutorial/sa/customer2",
        ),
        (
            "cluster.local/ns/tutorial/sa/customer",
            "SPIFFE://CLUSTER.local/ns/tutorial/sa/customer",
            "spiffe://x/cluster.local/ns/tutorial/sa/customer",
        ),
        ("cluster.local/*", CUSTOMER, "spiffe://cluster.local.evil/ns/tutorial/sa/customer"),
        (
            "cluster.local/ns/tutorial/*",
            CUSTOMER,
            "spiffe://cluster.local/ns/tutorial2/sa/customer",
        ),
        ("*/sa/customer", CUSTOMER, "spiffe://cluster.local/ns/a/sa/xcustomer"),
        (
            "*/ns/tutorial/sa/customer",
            "spiffe://other/ns/tutorial/sa/customer",
            "spiffe://other/ns/TUTORIAL/sa/customer",
        ),
    ] {
        let from = format!(r#"[{{"source":{{"principals":["{pattern}"]}}}}]"#);
        assert_eq!(result(&from, with_uri(matching)), Match, "{pattern} {matching}");
        assert_eq!(result(&from, with_uri(other)), NoMatch, "{pattern} {other}");
        let not = from.replace("principals", "notPrincipals");
        assert_eq!(result(&not, with_uri(matching)), NoMatch, "not {pattern} {matching}");
        assert_eq!(result(&not, with_uri(other)), Match, "not {pattern} {other}");
    }
}

#[test]
fn parts_of_an_identity_are_compared() {
    for (source, expected) in [
        (r#"{"namespaces":["tutorial"]}"#, Match),
        (r#"{"namespaces":["tut*"]}"#, Match),
        (r#"{"namespaces":["Tutorial","default"]}"#, NoMatch),
        (r#"{"notNamespaces":["tutorial"]}"#, NoMatch),
        (r#"{"serviceAccounts":["tutorial/customer"]}"#, Match),
        (r#"{"serviceAccounts":["default/customer"]}"#, NoMatch),
        (r#"{"notServiceAccounts":["default/customer"]}"#, Match),
        (r#"{"trustDomains":["CLUSTER.local"]}"#, Match),
        (r#"{"trustDomains":["cluster"]}"#, NoMatch),
        (r#"{"notTrustDomains":["*.local"]}"#, NoMatch),
        (r#"{"namespaces":["tutorial"],"trustDomains":["other"]}"#, NoMatch),
        (r#"{"namespaces":["*"],"trustDomains":["*"],"principals":["*"]}"#, Match),
    ] {
        assert_eq!(
            result(&format!(r#"[{{"source":{source}}}]"#), with_uri(CUSTOMER)),
            expected,
            "{source}"
        );
    }
}

#[test]
fn what_is_missing_is_told_unless_the_question_is_whether_there_is_any() {
    let plain = Caller::default();
    let old = Caller { is_old: true, ..with_uri(CUSTOMER) };
    let foreign = with_uri("https://a/b");
    let nameless = with_uri("spiffe://cluster.local/workload");
    for (source, on_plain, on_old, on_foreign, on_nameless) in [
        (r#"{"principals":["a/b"]}"#, Missing, Missing, Missing, NoMatch),
        (r#"{"notPrincipals":["a/b"]}"#, Missing, Missing, Missing, Match),
        (r#"{"principals":["*"]}"#, NoMatch, Missing, Match, Match),
        (r#"{"notPrincipals":["*"]}"#, Match, Missing, NoMatch, NoMatch),
        (r#"{"principals":["a/b","*"]}"#, NoMatch, Missing, Match, Match),
        (r#"{"namespaces":["a"]}"#, Missing, Missing, Missing, Missing),
        (r#"{"notNamespaces":["a"]}"#, Missing, Missing, Missing, Missing),
        (r#"{"namespaces":["*"]}"#, NoMatch, Missing, Missing, NoMatch),
        (r#"{"serviceAccounts":["a/b"]}"#, Missing, Missing, Missing, Missing),
        (r#"{"trustDomains":["cluster.local"]}"#, Missing, Missing, Missing, Match),
        (r#"{"ipBlocks":["0.0.0.0/0"]}"#, Missing, Missing, Missing, Missing),
        (r#"{"notRemoteIpBlocks":["0.0.0.0/0"]}"#, Missing, Missing, Missing, Missing),
        (r#"{"requestPrincipals":["a/b"]}"#, Missing, Missing, Missing, Missing),
        (r#"{"notRequestPrincipals":["*"]}"#, Match, Match, Match, Match),
    ] {
        let from = format!(r#"[{{"source":{source}}}]"#);
        let results = [plain, old, foreign, nameless].map(|caller| result(&from, caller));
        assert_eq!(results, [on_plain, on_old, on_foreign, on_nameless], "{source}");
    }
}

#[test]
fn addresses_and_tokens_are_compared() {
    let caller = Caller {
        client: Some("[::ffff:10.1.2.3]:4321"),
        token: Some(("https://issuer", "alice")),
        ..Caller::default()
    };
    for (source, expected) in [
        (r#"{"remoteIpBlocks":["10.1.0.0/16","2001:db8::/32"]}"#, Match),
        (r#"{"remoteIpBlocks":["::/0"]}"#, NoMatch),
        (r#"{"notRemoteIpBlocks":["10.0.0.0/8"]}"#, NoMatch),
        (r#"{"requestPrincipals":["https://issuer/alice"]}"#, Match),
        (r#"{"requestPrincipals":["https://issuer/*"]}"#, Match),
        (r#"{"requestPrincipals":["*/bob"]}"#, NoMatch),
        (r#"{"notRequestPrincipals":["*"]}"#, NoMatch),
    ] {
        assert_eq!(result(&format!(r#"[{{"source":{source}}}]"#), caller), expected, "{source}");
    }
}

#[test]
fn any_source_of_the_list_and_all_fields_of_a_source_have_to_match() {
    let client = Caller { client: Some("10.0.0.1:1"), ..with_uri(CUSTOMER) };
    for (from, expected) in [
        ("[]", Match),
        (r#"[{"source":{"namespaces":["a"]}},{"source":{"namespaces":["tutorial"]}}]"#, Match),
        (r#"[{"source":{"namespaces":["a"]}},{"source":{"namespaces":["b"]}}]"#, NoMatch),
        (r#"[{"source":{"ipBlocks":["10.0.0.1"]}},{"source":{"namespaces":["tutorial"]}}]"#, Match),
        (r#"[{"source":{"ipBlocks":["10.0.0.1"]}},{"source":{"namespaces":["b"]}}]"#, Missing),
        (r#"[{"source":{"ipBlocks":["10.0.0.1"],"namespaces":["b"]}}]"#, NoMatch),
        (r#"[{"source":{"ipBlocks":["10.0.0.1"],"namespaces":["tutorial"]}}]"#, Missing),
        (r#"[{"source":{"remoteIpBlocks":["10.0.0.1"],"namespaces":["tutorial"]}}]"#, Match),
    ] {
        assert_eq!(result(from, client), expected, "{from}");
        assert_eq!(matcher(from).unwrap().is_any(), from == "[]");
    }
}

#[test]
fn a_condition_speaks_of_a_source() {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let caller =
        Caller { client: Some("10.0.0.1:1"), token: Some(("i", "s")), ..with_uri(CUSTOMER) };
    for (key, value, expected) in [
        ("source.principal", "cluster.local/ns/tutorial/sa/customer", Match),
        ("source.namespace", "tutorial", Match),
        ("source.serviceAccount", "tutorial/customer", Match),
        ("source.trustDomain", "cluster.local", Match),
        ("source.ip", "10.0.0.1", Missing),
        ("remote.ip", "10.0.0.0/8", Match),
        ("request.auth.principal", "i/s", Match),
    ] {
        let values = texts(&[value]);
        let of = |values, not_values| {
            let matcher = SourceMatcher::of_condition(key, values, not_values, "when[0]").unwrap();
            let mut peer = Peer::new(Evidence::default());
            matcher.unwrap().matches(&mut peer, &mut caller.env())
        };
        assert_eq!(of(Some(&values), None), expected, "{key}");
        assert_eq!(of(None, Some(&values)), expected.negated(), "{key}");
    }
    assert!(SourceMatcher::of_condition("request.headers[a]", None, None, "").is_none());
    let error = |values: Option<&[String]>| {
        SourceMatcher::of_condition("remote.ip", values, None, "when[0]").unwrap().unwrap_err()
    };
    assert_eq!(
        error(None).to_string(),
        "when[0]: found nothing, allowed is values, notValues or both"
    );
    assert!(
        error(Some(&texts(&["10.0.0.1", "x"])))
            .to_string()
            .starts_with("when[0].values[1]: found \"x\"")
    );
}

#[test]
fn what_could_never_match_or_would_match_too_much_is_refused() {
    let domain = "allowed is a prefix that holds all of its trust domain, such as a.b/*";
    let id = "allowed is <trust domain>/ns/<namespace>/sa/<service account>";
    let account = "allowed is <namespace>/<service account>, without *";
    let list = "found an empty list, allowed is one value or more";
    for (source, line) in [
        ("{}", ": found nothing, allowed is at least one field".to_owned()),
        (r#"{"principals":[]}"#, format!(".principals: {list}")),
        (r#"{"notIpBlocks":[]}"#, format!(".notIpBlocks: {list}")),
        (r#"{"principals":["cluster.local*"]}"#, format!(".principals[0]: found \"cluster.local*\", {domain}")),
        (r#"{"notPrincipals":["a/b","spiffe://a*"]}"#, format!(".notPrincipals[1]: found \"spiffe://a*\", {domain}")),
        (r#"{"principals":["cluster.local/ns/a/"]}"#, format!(".principals[0]: found \"cluster.local/ns/a/\", {id}")),
        (r#"{"principals":["spiffe:///ns/a"]}"#, format!(".principals[0]: found \"spiffe:///ns/a\", {id}")),
        (r#"{"principals":["a b"]}"#, format!(".principals[0]: found \"a b\", {id}")),
        (r#"{"serviceAccounts":["customer"]}"#, format!(".serviceAccounts[0]: found \"customer\", {account}")),
        (r#"{"serviceAccounts":["a/*"]}"#, format!(".serviceAccounts[0]: found \"a/*\", {account}")),
        (r#"{"namespaces":["a*b"]}"#, ".namespaces[0]: found \"a*b\", allowed is a text, prefix*, *suffix or *".to_owned()),
        (r#"{"ipBlocks":["10.0.0.1/8"]}"#, ".ipBlocks[0]: found \"10.0.0.1/8\", which has bits set beyond the prefix, allowed is 10.0.0.0/8".to_owned()),
    ] {
        let error = matcher(&format!(r#"[{{"source":{source}}}]"#)).unwrap_err().to_string();
        assert_eq!(error, format!("rules[0].from[0].source{line}"));
    }
}
