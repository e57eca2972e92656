use super::*;
use crate::source::{FailurePolicy, Metadata, Plugin, Side};
use serde_yaml_ng::Value;

fn source() -> Source {
    Source {
        folder: "a-b".to_owned(),
        name: "a_b".to_owned(),
        plugins: vec![plugin(FailurePolicy::Reload, None)],
        metadata: Metadata::default(),
    }
}

fn plugin(failure_policy: FailurePolicy, side: Option<Side>) -> Plugin {
    Plugin {
        name: format!("plugin_{side:?}"),
        side,
        configuration: "# One rule.\nrules:\n- name: r\n  list: []".to_owned(),
        failure_policy,
        reason: "Neither open nor closed for ever.".to_owned(),
    }
}

fn pinned() -> Pinned {
    Pinned { registry: "r.test/x".to_owned(), digest: "ab".repeat(32) }
}

#[test]
fn every_file_is_yaml_and_says_where_it_comes_from() {
    let manifests = manifests(&source(), Some(&pinned())).unwrap();
    assert_eq!(manifests.len(), 14);
    for Manifest { path, text } in &manifests {
        let value: Value = serde_yaml_ng::from_str(text).unwrap();
        assert!(value.get("kind").is_some(), "{path}");
        assert!(text.contains("envoy-configs/a-b.yaml"), "{path}");
        assert_eq!(text.contains("# One rule."), !path.ends_with("kustomization.yaml"), "{path}");
    }
}

#[test]
fn a_build_changes_image_and_checksum_and_nothing_else() {
    let plain = manifests(&source(), None).unwrap();
    let pinned = manifests(&source(), Some(&pinned())).unwrap();
    let mut changed = Vec::new();
    for (plain, pinned) in plain.iter().zip(&pinned) {
        assert_eq!(plain.path, pinned.path);
        let unpinned: String = pinned
            .text
            .split_inclusive('\n')
            .filter(|line| !line.trim_start().starts_with("sha256: \"abab"))
            .collect();
        assert_eq!(unpinned.replace("r.test/x", REGISTRY), plain.text);
        if plain.text != pinned.text {
            changed.push(plain.path.as_str());
        }
    }
    let expected = [
        "a-b/wasm-plugin/wasm-plugin.yaml",
        "a-b/traffic-extension/traffic-extension.yaml",
        "a-b/envoy-gateway/envoy-extension-policy.yaml",
    ];
    assert_eq!(changed, expected);
}

#[test]
fn the_failure_policy_is_said_in_every_kinds_words() {
    let text = |policy: FailurePolicy| {
        let source = Source { plugins: vec![plugin(policy, None)], ..source() };
        manifests(&source, None)
            .unwrap()
            .into_iter()
            .map(|manifest| manifest.text)
            .collect::<String>()
    };
    let count = |text: &str, what: &str| text.matches(what).count();
    let reload = text(FailurePolicy::Reload);
    assert_eq!(count(&reload, "failure_policy: FAIL_RELOAD"), 4);
    assert_eq!(count(&reload, "failStrategy: FAIL_RELOAD"), 2);
    assert_eq!(count(&reload, "Neither open nor closed for ever."), 6);
    let closed = text(FailurePolicy::Closed);
    assert_eq!(count(&closed, "failure_policy: FAIL_CLOSED"), 4);
    assert_eq!(count(&closed, "failStrategy: FAIL_CLOSE\n"), 2);
    assert_eq!(count(&closed, "failOpen: false"), 1);
    assert_eq!(count(&text(FailurePolicy::Open), "failStrategy: FAIL_OPEN"), 2);
}

#[test]
fn each_side_gets_its_plugin() {
    let both =
        [Side::Inbound, Side::Outbound].map(|side| plugin(FailurePolicy::Reload, Some(side)));
    let source = Source { plugins: both.to_vec(), ..source() };
    let manifests = manifests(&source, None).unwrap();
    let names = |folder: &str| {
        let path = format!("a-b/{folder}/");
        let file = manifests.iter().find(|file| file.path.starts_with(&path)).unwrap();
        let has = |side: Side| file.text.contains(&format!("ame: plugin_{:?}\n", Some(side)));
        (has(Side::Inbound), has(Side::Outbound))
    };
    for folder in ["sidecar-inbound", "gateway", "per-route", "envoy-gateway"] {
        assert_eq!(names(folder), (true, false), "{folder}");
    }
    assert_eq!(names("sidecar-outbound"), (false, true));
    for folder in ["wasm-plugin", "traffic-extension"] {
        assert_eq!(names(folder), (true, true), "{folder}");
        let path = format!("a-b/{folder}/{folder}.yaml");
        let file = manifests.iter().find(|file| file.path == path).unwrap();
        for name in ["name: a-b-inbound", "name: a-b-outbound", "mode: SERVER", "mode: CLIENT"] {
            assert!(file.text.contains(name), "{folder}: {name}");
        }
    }
}
