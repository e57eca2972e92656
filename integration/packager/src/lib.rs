//! Turns a linked filter into the module that Envoy loads.
//!
//! Each callback that a module exports costs about 1.9k instructions on every request, and Envoy
//! skips those that are missing. The SDK exports all of them; a filter names the ones it takes part
//! in ([`Callbacks`]), which the link step leaves in a custom section. This crate keeps only those,
//! puts the adapter's own callbacks in the place of the SDK's, takes out what can never run to
//! a good end ([`trim`]), removes what is then unreachable, and strips every custom section.

mod build;
mod links;
mod trim;
mod unused;

use anyhow::{Context, Result, bail, ensure};
pub use build::{BuiltModule, Workspace};
use filter_api::Callbacks;
use links::Links;
use walrus::{ExportItem, Module, ModuleConfig};

/// The custom section that `filter_wasm::export!` writes.
const SECTION: &str = "ballast.callbacks";
/// Prefix of the adapter's own callbacks, which replace the SDK's of the same name.
const OWN: &str = "ballast_on_";

/// Kept in every module. Without `proxy_on_context_create` an SDK module does not start.
const ALWAYS: [&str; 7] = [
    "memory",
    "_initialize",
    "proxy_abi_version_0_2_1",
    "proxy_on_memory_allocate",
    "proxy_on_context_create",
    "proxy_on_configure",
    "proxy_on_tick",
];

/// What each callback of a filter needs exported.
const BY_CALLBACK: [(Callbacks, &[&str]); 6] = [
    (Callbacks::REQUEST_HEADERS, &["proxy_on_request_headers"]),
    (Callbacks::RESPONSE_HEADERS, &["proxy_on_response_headers"]),
    (Callbacks::RESPONSE_BODY, &["proxy_on_response_body", "proxy_on_response_trailers"]),
    (Callbacks::HTTP_CALLOUTS, &["proxy_on_http_call_response"]),
    (Callbacks::GRPC_CALLOUTS, &["proxy_on_grpc_receive", "proxy_on_grpc_close"]),
    (Callbacks::STREAM_END, &["proxy_on_delete"]),
];

/// The module as Envoy is to load it.
///
/// # Errors
/// If `linked` is no WebAssembly, was not made by `filter_wasm::export!` or not linked with
/// `--emit-relocs`, or lacks a callback that its filter names.
pub fn package(linked: &[u8]) -> Result<Vec<u8>> {
    let mut module = parse(linked)?;
    let functions: Vec<_> = module.funcs.iter().map(walrus::Function::id).collect();
    prune(&mut module)?;
    let links = Links::read(linked, &functions)?;
    // Before anything is cut out of it: what is not understood must not be taken for unused.
    links.ensure_understood(&parse(linked)?)?;
    trim::remove_host_wrappers(&mut module)?;
    trim::trap_on_panic(&mut module);
    unused::remove(&mut module, &links)?;
    walrus::passes::gc::run(&mut module);
    Ok(module.emit_wasm())
}

fn parse(linked: &[u8]) -> Result<Module> {
    let mut config = ModuleConfig::new();
    config.generate_name_section(false).generate_producers_section(false);
    config.parse(linked).context("not a WebAssembly module")
}

/// Leaves the callbacks that the filter names, the adapter's own before the SDK's, and no custom
/// section.
fn prune(module: &mut Module) -> Result<()> {
    let callbacks = take_callbacks(module)?;
    replace_sdk_callbacks(module);
    prune_exports(module, &exports_for(callbacks))?;
    let sections: Vec<_> = module.customs.iter().map(|(id, _)| id).collect();
    for section in sections {
        module.customs.delete(section);
    }
    walrus::passes::gc::run(module);
    Ok(())
}

/// The names a module with these callbacks exports.
#[must_use]
pub fn exports_for(callbacks: Callbacks) -> Vec<&'static str> {
    let chosen = BY_CALLBACK.iter().filter(|(callback, _)| callbacks.contains(*callback));
    ALWAYS.into_iter().chain(chosen.flat_map(|(_, names)| names.iter().copied())).collect()
}

fn take_callbacks(module: &mut Module) -> Result<Callbacks> {
    let section = module
        .customs
        .remove_raw(SECTION)
        .with_context(|| format!("no section {SECTION}: not made by filter_wasm::export!"))?;
    match section.data.as_slice() {
        [bits] => Ok(Callbacks::from_bits(*bits)),
        other => bail!("section {SECTION} holds {} bytes, not 1", other.len()),
    }
}

/// `ballast_on_x` becomes `proxy_on_x`. Callbacks that only one of both has stay as they are.
fn replace_sdk_callbacks(module: &mut Module) {
    let own: Vec<_> = module
        .exports
        .iter()
        .filter_map(|export| {
            let rest = export.name.strip_prefix(OWN)?;
            Some((export.id(), format!("proxy_on_{rest}")))
        })
        .collect();
    for (id, name) in own {
        let sdk = module.exports.iter().find(|export| export.name == name);
        if let Some(sdk) = sdk.map(walrus::Export::id) {
            module.exports.delete(sdk);
        }
        module.exports.get_mut(id).name = name;
    }
}

fn prune_exports(module: &mut Module, kept: &[&str]) -> Result<()> {
    let surplus: Vec<_> = module
        .exports
        .iter()
        .filter(|export| !kept.contains(&export.name.as_str()))
        .map(walrus::Export::id)
        .collect();
    for export in surplus {
        module.exports.delete(export);
    }
    for name in kept {
        let export = module.exports.iter().find(|export| export.name == *name);
        let export = export.with_context(|| format!("the linked module lacks {name}"))?;
        let is_memory = *name == "memory";
        ensure!(is_memory == matches!(export.item, ExportItem::Memory(_)), "{name} is no function");
    }
    Ok(())
}

#[cfg(test)]
mod tests;
