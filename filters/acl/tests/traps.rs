//! What people get wrong about access control, by number, and the cases that show that it is right here.
//!
//! A case says in its first line which traps it is about (`# Trap 8 and 9: …`).

use anyhow::{Context as _, Result, ensure};
use std::collections::BTreeMap;
use std::path::Path;

/// The traps, by number.
const TRAPS: [&str; 14] = [
    "1: a header with several values",
    "2: what is negated, and a header that is not there or empty",
    "3: attributes that the proxy does not know",
    "4: paths that servers read differently",
    "5: prefixes and segments",
    "6: case, port, dot and user of a host",
    "7: the case of methods, and headers that override them",
    "8: addresses: v4 in v6, bare ones, leading zeros, none at all",
    "9: the client's address behind proxies",
    "10: identities: trust domains, prefixes, verified certificates alone",
    "11: patterns, anchored or not",
    "12: a list that is not there",
    "13: a refused request that goes on",
    "16: the gRPC status of a refusal",
];

/// What no case can show, and where the manual tells it.
const TOLD: [(u32, &str); 2] = [(14, "**What is open stays open.**"), (15, "**Where it stands.**")];

/// The numbers behind `Trap` in the first line of a case.
fn numbers(first_line: &str) -> Vec<u32> {
    let Some((_, rest)) = first_line.split_once("Trap ") else { return Vec::new() };
    let list = rest.split([':', '.']).next().unwrap_or_default();
    list.split(" and ").filter_map(|number| number.trim().parse().ok()).collect()
}

#[test]
fn every_trap_has_a_case() -> Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut cases: BTreeMap<u32, Vec<String>> = BTreeMap::new();
    for entry in std::fs::read_dir(folder.join("cases"))? {
        let path = entry?.path();
        let text = std::fs::read_to_string(&path)?;
        let name = path.file_stem().context("a case without a name")?.to_string_lossy();
        for number in numbers(text.lines().next().unwrap_or_default()) {
            cases.entry(number).or_default().push(name.to_string());
        }
    }
    for trap in TRAPS {
        let (number, _) = trap.split_once(':').context("a trap without a number")?;
        ensure!(cases.remove(&number.parse()?).is_some(), "no case is about trap {trap}");
    }
    ensure!(cases.is_empty(), "cases about traps that nobody knows: {cases:?}");
    let manual = std::fs::read_to_string(folder.join("README.md"))?;
    for (number, words) in TOLD {
        ensure!(manual.contains(words), "the manual does not tell trap {number}: {words}");
    }
    Ok(())
}
