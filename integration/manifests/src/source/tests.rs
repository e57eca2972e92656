use super::*;

const EXAMPLE: &str = r#"
http_filters:
- name: a_b
  typed_config:
    config:
      name: plugin
      # Neither open
      # nor closed.
      failure_policy: FAIL_RELOAD
      vm_config:
        code: {local: {filename: target/filters/a_b.wasm}}
      configuration:
        "@type": type.googleapis.com/google.protobuf.Struct
        value:
          # One rule.
          rules: [{name: r}]
- name: router
"#;

#[test]
fn an_example_is_read() -> Result<()> {
    let source = Source::read("a-b", EXAMPLE, "")?;
    let plugin = source.plugin(Side::Outbound)?;
    assert_eq!((plugin.name.as_str(), plugin.side), ("plugin", None));
    assert_eq!(plugin.configuration, "# One rule.\nrules: [{name: r}]");
    assert_eq!(plugin.failure_policy, FailurePolicy::Reload);
    assert_eq!(plugin.reason, "Neither open nor closed.");
    assert_eq!(
        (source.name.as_str(), source.example().as_str()),
        ("a_b", "envoy-configs/a-b.yaml")
    );
    assert_eq!(source.metadata, Metadata::default());
    let inline = EXAMPLE.replace("value:\n", "value: {}\n").replace("          # One rule.\n", "");
    let inline = inline.replace("          rules: [{name: r}]\n", "");
    assert_eq!(Source::read("a-b", &inline, "")?.plugin(Side::Inbound)?.configuration, "{}");
    Ok(())
}

#[test]
fn metadata_says_what_an_example_cannot() -> Result<()> {
    let manifest = "[package.metadata.manifests]\nfail-open-without-reload = true\n";
    let metadata = Source::read("a-b", EXAMPLE, manifest)?.metadata;
    assert!(metadata.fail_open_without_reload && metadata.mode == "SERVER");
    for wrong in ["mode = \"BOTH\"", "modes = \"CLIENT\"", "fail-open-without-reload = 1"] {
        let manifest = format!("[package.metadata.manifests]\n{wrong}\n");
        assert!(Source::read("a-b", EXAMPLE, &manifest).is_err(), "{wrong}");
    }
    Ok(())
}

#[test]
fn an_example_that_says_too_little_is_refused() {
    let refused = |from: &str, to: &str| {
        let error = Source::read("a-b", &EXAMPLE.replace(from, to), "").unwrap_err();
        format!("{error:#}")
    };
    assert!(refused("a_b.wasm", "other.wasm").contains("no line ends in"));
    assert!(refused("      # nor closed.\n", "\n").contains("say why"));
    assert!(refused("FAIL_RELOAD", "FAIL_SOMEHOW").contains("no failure policy"));
    assert!(refused("protobuf.Struct", "protobuf.StringValue").contains("no google.protobuf"));
    assert!(refused("      name: plugin\n", "").contains("has a name"));
    assert!(refused("a_b.wasm}}", "a_b.wasm}} # here").contains("no line ends in"));
}

#[test]
fn an_example_may_load_a_filter_on_both_sides() -> Result<()> {
    let indented = EXAMPLE.replace('\n', "\n  ");
    let inbound = format!("listeners:\n- traffic_direction: INBOUND{indented}\n");
    let outbound = indented.replace("name: plugin", "name: other").replace("name: r}", "name: s}");
    let outbound = outbound.replace("      # Neither open\n        # nor closed.\n  ", "");
    let both = format!("{inbound}- traffic_direction: OUTBOUND{outbound}\n");
    let source = Source::read("a-b", &both, "")?;
    let (first, second) = (source.plugin(Side::Inbound)?, source.plugin(Side::Outbound)?);
    assert_eq!((first.name.as_str(), second.name.as_str()), ("plugin", "other"));
    assert!(second.configuration.ends_with("rules: [{name: s}]"));
    assert_eq!(second.reason, "Neither open nor closed.");
    Ok(())
}
