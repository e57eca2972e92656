//! What runs in the data plane: all that any module is made of, by name.
//!
//! A new name here is a decision: somebody else's code, in every request of every user.

use anyhow::Result;
use integration::{module_tree, workspace_packages};
use std::collections::BTreeSet;

/// Packages of others in the modules, each with what needs it.
const ALLOWED: [(&str, &str); 19] = [
    ("allocator-api2", "hashbrown"),
    ("base64", "binary values in headers: grpc-trace-bin, and the fields of sw8"),
    ("cfg-if", "getrandom"),
    ("equivalent", "hashbrown"),
    ("fastrand", "the generator behind every draw, seeded once per VM"),
    ("foldhash", "hashbrown"),
    ("getrandom", "the seed"),
    ("hashbrown", "proxy-wasm: its table of contexts"),
    ("hmac-sha256", "signed overrides of routing_hints"),
    ("itoa", "serde_json"),
    ("log", "proxy-wasm, and what a filter says at load"),
    ("memchr", "serde_json"),
    ("proxy-wasm", "exports, contexts, dispatch"),
    ("regex-lite", "regular expressions in a size that a module can carry"),
    ("serde", "configuration"),
    ("serde_core", "serde"),
    ("serde_json", "configuration"),
    ("xxhash-rust", "sticky selection, the same at every hop"),
    ("zmij", "serde_json"),
];

/// Names on one side only.
fn differences(found: &BTreeSet<String>, allowed: &BTreeSet<String>) -> Vec<String> {
    let new = found.difference(allowed).map(|name| format!("{name} is new in the data plane"));
    let gone = allowed.difference(found).map(|name| format!("{name} is no longer needed"));
    new.chain(gone).collect()
}

/// Names that are there more than once: two versions of the same code.
fn duplicates(tree: &[String]) -> Vec<String> {
    let mut seen = BTreeSet::new();
    tree.iter()
        .filter(|name| !seen.insert(*name))
        .map(|name| format!("{name} is there twice"))
        .collect()
}

#[test]
fn the_modules_are_made_of_what_is_listed() -> Result<()> {
    let packages = workspace_packages()?;
    let ours: BTreeSet<&str> = packages.iter().map(|package| package.name.as_str()).collect();
    let modules = packages.iter().filter(|package| package.folder().ends_with("wasm"));
    let (mut found, mut violations, mut count) = (BTreeSet::new(), Vec::new(), 0);
    for module in modules {
        let tree = module_tree(&module.name)?;
        violations.extend(duplicates(&tree));
        found.extend(tree.into_iter().filter(|name| !ours.contains(name.as_str())));
        count += 1;
    }
    println!("{count} modules are made of {} packages of others", found.len());
    assert!(count > 0, "there are no modules");
    let allowed = ALLOWED.iter().map(|(name, _)| (*name).to_owned()).collect();
    violations.extend(differences(&found, &allowed));
    assert!(violations.is_empty(), "{}", violations.join("\n"));
    Ok(())
}

#[test]
fn what_is_new_gone_or_there_twice_is_noticed() {
    let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
    let found = differences(&set(&["a", "b"]), &set(&["b", "c"]));
    assert_eq!(found, ["a is new in the data plane", "c is no longer needed"]);
    let tree = ["a", "b", "a"].map(str::to_owned);
    assert_eq!(duplicates(&tree), ["a is there twice"]);
}
