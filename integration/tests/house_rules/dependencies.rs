//! Who may depend on whom: purity is an edge of the dependency graph, not a promise.

use anyhow::Result;
use integration::{Dependency, Package, module_tree, workspace_packages, workspace_root};

/// The one adapter to the proxy.
const ADAPTER: &str = "filter-wasm";

/// The contract, on which everything may depend because it depends on nothing.
const CONTRACT: &str = "filter-api";

/// The test kit, which no module may carry.
const TEST_KIT: &str = "filter-testing";

/// Modules that show what the published SDK costs; they are no filters of ours.
const REFERENCE_MODULES: &str = "integration/envoy/reference-modules";

/// What a pure crate may not even reach: the proxy, sources of chance, engines, sockets, what only
/// documents, and a regular-expression engine four times the size of a module.
const IMPURE: [&str; 8] = [
    "proxy-wasm",
    ADAPTER,
    TEST_KIT,
    "getrandom",
    "wasmtime",
    "tokio",
    "schemars",
    "regex-automata",
];

/// Edges that point the wrong way, by what the manifests say.
fn wrong_edges(packages: &[Package]) -> Vec<String> {
    let edges = packages.iter().flat_map(|from| from.dependencies.iter().map(move |to| (from, to)));
    edges
        .filter_map(|(from, to)| {
            let target = packages.iter().find(|package| package.name == to.name);
            let why = reason_against(from, to, target)?;
            Some(format!("{} depends on {}: {why}", from.name, to.name))
        })
        .collect()
}

fn reason_against(
    from: &Package,
    to: &Dependency,
    target: Option<&Package>,
) -> Option<&'static str> {
    let is_within = |package: &Package, room: &str| package.folder().starts_with(room);
    let reaches = |room: &str| target.is_some_and(|target| is_within(target, room));
    let is_module = from.folder().ends_with("wasm") || is_within(from, "integration/modules");
    let is_for_tests = to.kind.as_deref() == Some("dev");
    if from.name == CONTRACT && !is_for_tests {
        Some("the contract depends on nothing")
    } else if to.name == "proxy-wasm" {
        let may = from.name == ADAPTER || is_within(from, REFERENCE_MODULES);
        (!may).then_some("only the adapter knows the proxy")
    } else if to.name == ADAPTER && !is_module {
        Some("only modules are made with the adapter")
    } else if to.name == TEST_KIT && !is_within(from, "integration") && !is_for_tests {
        Some("the test kit is for tests")
    } else if reaches("integration") && !is_within(from, "integration") {
        Some("nothing depends on what only tests")
    } else if reaches("filters") && is_within(from, "shared") {
        Some("what is shared knows no filter")
    } else if reaches("filters") && is_within(from, "filters") && !is_module {
        Some("filters do not know each other")
    } else {
        None
    }
}

/// What a pure crate reaches and may not.
fn impurities(package: &str, tree: &[String]) -> Vec<String> {
    let impure = tree.iter().filter(|name| IMPURE.contains(&name.as_str()));
    impure.map(|name| format!("{package} reaches {name}")).collect()
}

#[test]
fn every_dependency_points_the_right_way() -> Result<()> {
    let packages = workspace_packages()?;
    let edges: usize = packages.iter().map(|package| package.dependencies.len()).sum();
    println!("{} packages, {edges} dependencies", packages.len());
    assert!(packages.iter().any(|package| package.name == ADAPTER), "where is the adapter?");
    assert!(packages.iter().any(|package| package.name == CONTRACT), "where is the contract?");
    crate::assert_kept(&wrong_edges(&packages));
    Ok(())
}

#[test]
fn nothing_pure_reaches_a_proxy() -> Result<()> {
    let packages = workspace_packages()?;
    let pure = packages.iter().filter(|package| package.is_pure() && package.name != TEST_KIT);
    let (mut count, mut violations) = (0, Vec::new());
    for package in pure {
        let tree = module_tree(&package.name)?;
        assert!(tree.contains(&package.name), "cargo tree gave {tree:?}");
        violations.extend(impurities(&package.name, &tree));
        count += 1;
    }
    assert!(count > 3, "only {count} pure crates were found");
    crate::assert_kept(&violations);
    Ok(())
}

#[test]
fn edges_that_point_the_wrong_way_are_noticed() {
    let package = |folder: &str, dependencies: &[(&str, Option<&str>)]| Package {
        name: folder.rsplit('/').next().unwrap_or_default().to_owned(),
        version: "1.0.0".to_owned(),
        license: None,
        source: None,
        description: None,
        manifest_path: workspace_root().join(folder).join("Cargo.toml"),
        dependencies: dependencies
            .iter()
            .map(|(name, kind)| Dependency {
                name: (*name).to_owned(),
                kind: kind.map(str::to_owned),
            })
            .collect(),
    };
    let bad = [
        package("shared/filter-api", &[("log", None)]),
        package("shared/matchers", &[("acl", Some("dev")), ("host", Some("dev"))]),
        package("shared/attributes", &[("filter-testing", None), ("filter-wasm", Some("dev"))]),
        package("shared/filter-wasm", &[("proxy-wasm", None)]),
        package("shared/filter-testing", &[]),
        package("filters/acl", &[("proxy-wasm", None), ("filter-wasm", None)]),
        package("filters/quota", &[("acl", None), ("filter-testing", Some("dev"))]),
        package("filters/acl/wasm", &[("acl", None), ("filter-wasm", None)]),
        package("integration/host", &[("acl", None), ("filter-testing", None)]),
        package("integration/envoy/reference-modules/empty", &[("proxy-wasm", None)]),
    ];
    let expected = [
        "filter-api depends on log: the contract depends on nothing",
        "matchers depends on acl: what is shared knows no filter",
        "matchers depends on host: nothing depends on what only tests",
        "attributes depends on filter-testing: the test kit is for tests",
        "attributes depends on filter-wasm: only modules are made with the adapter",
        "acl depends on proxy-wasm: only the adapter knows the proxy",
        "acl depends on filter-wasm: only modules are made with the adapter",
        "quota depends on acl: filters do not know each other",
    ];
    assert_eq!(wrong_edges(&bad), expected);
}

#[test]
fn what_a_pure_crate_may_not_reach_is_noticed() {
    let tree = ["acl", "serde", "getrandom"].map(str::to_owned);
    assert_eq!(impurities("acl", &tree), ["acl reaches getrandom"]);
    assert!(impurities("acl", tree.get(..2).unwrap_or_default()).is_empty());
}
