//! A compiled module that passed the checks Envoy makes when it loads one.

use wasmtime::{
    Config, ExternType, InstancePre, Linker, Module, OptLevel, UnknownImportError, ValType,
};

use crate::{
    abi,
    error::LoadError,
    vm::{exports, state::VmState},
};

/// A module compiled once, shared by any number of hosts; cheap to clone, usable from any thread.
#[derive(Clone)]
pub struct Engine {
    pub(crate) inner: wasmtime::Engine,
    pub(crate) pre: InstancePre<VmState>,
}

impl Engine {
    /// Compiles a binary module and checks its imports, exports and their signatures.
    ///
    /// # Errors
    /// [`LoadError`] as Envoy would refuse the module; an unknown import is named.
    pub fn new(wasm: &[u8]) -> Result<Self, LoadError> {
        let mut config = Config::new();
        // Start-up counts here, not speed: fuel, which tests measure by, is the same on every level.
        config.consume_fuel(true).cranelift_opt_level(OptLevel::None);
        let invalid = |error: wasmtime::Error| LoadError::InvalidModule(format!("{error:#}"));
        let inner = wasmtime::Engine::new(&config).map_err(invalid)?;
        let module = Module::from_binary(&inner, wasm).map_err(invalid)?;
        let mut linker = Linker::new(&inner);
        abi::link(&mut linker).map_err(invalid)?;
        let pre = linker.instantiate_pre(&module).map_err(|error| import_error(&module, &error))?;
        check_exports(&module)?;
        Ok(Self { inner, pre })
    }

    /// The names of the host functions that the module imports, sorted: what a hostile host can get at.
    pub fn imports(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.pre.module().imports().map(|import| import.name().to_owned()).collect();
        names.sort();
        names
    }

    /// The names that the module exports, sorted.
    pub fn exports(&self) -> Vec<String> {
        let mut names: Vec<String> =
            self.pre.module().exports().map(|export| export.name().to_owned()).collect();
        names.sort();
        names
    }
}

fn import_error(module: &Module, error: &wasmtime::Error) -> LoadError {
    if let Some(unknown) = error.downcast_ref::<UnknownImportError>() {
        return LoadError::Import {
            module: unknown.module().to_owned(),
            name: unknown.name().to_owned(),
            reason: "not part of proxy-wasm ABI 0.2.1".to_owned(),
        };
    }
    // wasmtime names the import in its message.
    let name = module
        .imports()
        .find(|import| {
            format!("{error:#}").contains(&format!("`{}::{}`", import.module(), import.name()))
        })
        .map(|import| (import.module().to_owned(), import.name().to_owned()));
    let (module, name) = name.unwrap_or_default();
    LoadError::Import { module, name, reason: format!("{error:#}") }
}

fn check_exports(module: &Module) -> Result<(), LoadError> {
    if !matches!(module.get_export("memory"), Some(ExternType::Memory(_))) {
        return Err(LoadError::MissingExport("memory"));
    }
    if !exports::ALLOCATORS.iter().any(|name| module.get_export(name).is_some()) {
        return Err(LoadError::MissingExport("proxy_on_memory_allocate"));
    }
    if !exports::ABI_VERSIONS.iter().any(|name| module.get_export(name).is_some()) {
        return Err(LoadError::MissingExport("proxy_abi_version_0_2_1"));
    }
    for callback in exports::CALLBACKS {
        let Some(export) = module.get_export(callback.name) else { continue };
        let matches = export.func().is_some_and(|ty| {
            ty.params().len() == callback.params
                && ty.results().len() == callback.results
                && ty.params().chain(ty.results()).all(|ty| matches!(ty, ValType::I32))
        });
        if !matches {
            return Err(LoadError::WrongSignature(format!(
                "{} must take {} and return {} i32",
                callback.name, callback.params, callback.results
            )));
        }
    }
    Ok(())
}
