//! What is shipped: each packaged module as Envoy gets it.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

use anyhow::{Context, Result, ensure};
use proxy_wasm_test_host::Engine;
use std::collections::BTreeSet;
use std::fs;

/// What V8 has to compile before Envoy serves its first request, in bytes.
const BUDGET: usize = 300 * 1024;

/// In every module.
const ALWAYS: [&str; 7] = [
    "_initialize",
    "memory",
    "proxy_abi_version_0_2_1",
    "proxy_on_configure",
    "proxy_on_context_create",
    "proxy_on_memory_allocate",
    "proxy_on_tick",
];

/// Each of these groups whole or not at all; anything else costs every request for nothing.
const GROUPS: [&[&str]; 6] = [
    &["proxy_on_request_headers"],
    &["proxy_on_response_headers"],
    &["proxy_on_response_body", "proxy_on_response_trailers"],
    &["proxy_on_http_call_response"],
    &["proxy_on_grpc_receive", "proxy_on_grpc_close"],
    &["proxy_on_delete"],
];

/// Custom sections have this id.
const CUSTOM: u8 = 0;

fn modules() -> Result<Vec<(String, Vec<u8>)>> {
    let filters = integration::filters()?.into_iter().map(|filter| (filter.name, filter.module));
    let adversary = ("adversary".to_owned(), integration::test_module("adversary")?);
    let all = filters.chain([adversary]);
    all.map(|(name, path)| Ok((name, fs::read(&path).context(path.display().to_string())?)))
        .collect()
}

#[test]
fn modules_are_small_and_bare() -> Result<()> {
    println!("| module | bytes | of {BUDGET} |\n|---|---:|---:|");
    for (name, bytes) in modules()? {
        println!("| {name} | {} | {} % |", bytes.len(), bytes.len() * 100 / BUDGET);
        ensure!(bytes.len() <= BUDGET, "{name} has {} bytes", bytes.len());
        let sections = sections(&bytes).with_context(|| name.clone())?;
        ensure!(!sections.contains(&CUSTOM), "{name} has custom sections: {sections:?}");
        ensure!(sections.contains(&10), "{name} has no code: {sections:?}");
    }
    Ok(())
}

#[test]
fn modules_export_what_their_callbacks_need_and_no_more() -> Result<()> {
    for (name, bytes) in modules()? {
        let exports = Engine::new(&bytes).with_context(|| name.clone())?.exports();
        let exports: BTreeSet<&str> = exports.iter().map(String::as_str).collect();
        let mut expected = BTreeSet::from(ALWAYS);
        for group in GROUPS.into_iter().filter(|group| exports.contains(group[0])) {
            expected.extend(group);
        }
        ensure!(exports == expected, "{name} exports {exports:?}, needed are {expected:?}");
        ensure!(exports.contains("proxy_on_request_headers"), "{name} sees no request");
        println!("{name}: {} exports", exports.len());
    }
    Ok(())
}

#[test]
fn modules_import_only_what_envoy_has() -> Result<()> {
    for (name, bytes) in modules()? {
        // The engine refuses a module with an import that no ABI 0.2.1 host has.
        let imports = Engine::new(&bytes).with_context(|| name.clone())?.imports();
        println!("{name}: {} imports: {}", imports.len(), imports.join(", "));
        ensure!(!imports.is_empty(), "{name} imports nothing");
    }
    Ok(())
}

/// The ids of a module's sections, in order.
fn sections(module: &[u8]) -> Result<Vec<u8>> {
    let mut rest = module.strip_prefix(b"\0asm\x01\0\0\0").context("no WebAssembly 1 module")?;
    let mut ids = Vec::new();
    while let Some((id, after)) = rest.split_first() {
        let last = after.iter().position(|byte| byte & 0x80 == 0).context("an endless length")?;
        let (digits, content) = after.split_at(last + 1);
        let low_first = digits.iter().rev();
        let length = low_first.fold(0, |sum: usize, byte| sum << 7 | usize::from(byte & 0x7f));
        rest = content.get(length..).context("a truncated section")?;
        ids.push(*id);
    }
    Ok(ids)
}
