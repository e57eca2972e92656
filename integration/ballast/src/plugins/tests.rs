use super::*;

fn found(yaml: &str) -> Found {
    let value = serde_yaml_ng::from_str(yaml).unwrap();
    find(&Document { index: 3, value }, None)
}

fn only(yaml: &str) -> Plugin {
    let found = found(yaml);
    assert!(found.foreign.is_empty() && found.unreadable.is_empty(), "{yaml}");
    assert_eq!(found.plugins.len(), 1, "{yaml}");
    found.plugins[0].clone()
}

const RULES: &str = "{rules: [{name: r, fault: {abort: {httpStatus: 503, percent: 1}}}]}";

#[test]
fn a_plugin_is_found_in_every_envelope() {
    for (yaml, holder, at) in [
        (
            format!(
                "a: [{{config: {{name: x, vm_config: {{code: {{local: {{filename: /d/fault_injection.wasm}}}}}}, configuration: {{'@type': t/google.protobuf.Struct, value: {RULES}}}}}}}]"
            ),
            "Wasm filter x",
            "a[0].config.configuration.value",
        ),
        (
            format!(
                "kind: WasmPlugin\nmetadata: {{name: w}}\nspec: {{url: 'oci://r.example/fault-injection:1.2@sha256:0', pluginConfig: {RULES}}}"
            ),
            "WasmPlugin w",
            "spec.pluginConfig",
        ),
        (
            format!(
                "kind: TrafficExtension\nmetadata: {{name: ballast-fault-injection}}\nspec: {{wasm: {{url: 'file:///x', pluginConfig: {RULES}}}}}"
            ),
            "TrafficExtension ballast-fault-injection",
            "spec.wasm.pluginConfig",
        ),
        (
            format!(
                "kind: EnvoyExtensionPolicy\nmetadata: {{name: e}}\nspec: {{wasm: [{{name: fault_injection, failOpen: true, config: {RULES}}}]}}"
            ),
            "EnvoyExtensionPolicy e",
            "spec.wasm[0].config",
        ),
        (RULES.to_owned(), "configuration", ""),
    ] {
        let plugin = only(&yaml);
        assert_eq!((plugin.filter.name, plugin.document), ("fault_injection", 3));
        assert_eq!((plugin.holder.as_str(), plugin.at.to_string().as_str()), (holder, at));
        assert!(matches!(plugin.config, Config::Tree(_)));
        assert!(plugin.filter.load(&plugin.config.bytes()).is_ok());
    }
}

#[test]
fn a_configuration_is_text_a_tree_or_missing() {
    let plugin = |configuration: &str| {
        only(&format!(
            "{{name: fault_injection, vm_config: {{}}, failure_policy: FAIL_OPEN{configuration}}}"
        ))
    };
    assert_eq!(plugin("").config, Config::None);
    let text = plugin(", configuration: {'@type': a.StringValue, value: '{}'}");
    assert_eq!(text.config, Config::Text("{}".to_owned()));
    assert_eq!(text.failure_policy.map(|(policy, _)| policy).as_deref(), Some("FAIL_OPEN"));
    let list =
        found("{name: fault_injection, vm_config: {}, configuration: {'@type': a, value: []}}");
    assert_eq!((list.plugins.len(), list.unreadable.len()), (0, 1));
}

#[test]
fn what_is_not_ours_is_left_alone() {
    let foreign =
        found("kind: WasmPlugin\nmetadata: {name: coraza}\nspec: {url: 'oci://r/coraza'}");
    assert_eq!((foreign.plugins.len(), foreign.foreign), (0, vec!["WasmPlugin coraza".to_owned()]));
    for nothing in ["apiVersion: v1\nkind: Service\nspec: {}", "a: 1", "[]", "text", "{}"] {
        let found = found(nothing);
        assert!(found.plugins.is_empty() && found.foreign.is_empty(), "{nothing}");
    }
    let given = Filter::named("fault-injection");
    let value = serde_json::json!({});
    assert_eq!(find(&Document { index: 0, value }, given).plugins.len(), 1);
}
