//! Takes out of a module what can never run to a good end.
//!
//! **The SDK's host calls.** The SDK's context traits carry a default method for every host function, each of which panics on
//! a status it does not expect. The adapter never calls one, but vtables keep all of them, what they
//! lead to, and the imports alive. Here their bodies are replaced, and what only they used goes.
//!
//! **The text of a panic.** No code of ours panics, but the standard library and the SDK can. A panic
//! ends the VM whatever it says, and its text (formatting, backtraces, standard error) is 20 KB that V8
//! compiles at every start. Here a panic is a trap at once, which Envoy logs with the callback's name.

use anyhow::{Context, Result};
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{self, Visitor};
use walrus::{FunctionId, FunctionKind, Module};

/// Where the SDK's wrappers live, as it stands in a mangled symbol.
const WRAPPERS: [&str; 2] = ["10proxy_wasm9hostcalls", "10proxy_wasm6traits"];

/// Where a panic, or a failed allocation, begins to be told.
const TELLING: [&str; 3] =
    ["4core9panicking9panic_fmt", "3std9panicking11begin_panic", "3std5alloc8rust_oom"];

/// Makes a panic a trap at once.
pub(crate) fn trap_on_panic(module: &mut Module) {
    let tells = |name: &str| TELLING.iter().any(|teller| name.contains(teller));
    let named = module.funcs.iter().filter(|f| f.name.as_deref().is_some_and(tells));
    let tellers: Vec<_> = named.map(walrus::Function::id).collect();
    for id in tellers {
        empty(module, id);
    }
}

/// Replaces the body of each wrapper that leads to the host and that nobody calls by name. Whatever
/// else in the module shares code with one (linkers merge equal functions) keeps it.
///
/// # Errors
/// If the module was linked without symbols, so that nothing could be told.
pub(crate) fn remove_host_wrappers(module: &mut Module) -> Result<()> {
    let calls = direct_calls(module);
    let host = module.imports.iter().filter_map(|import| match import.kind {
        walrus::ImportKind::Function(function) => Some(function),
        _ => None,
    });
    let leading = callers_of(host.collect(), &calls);
    let is_wrapper = |id: &FunctionId| {
        let name = module.funcs.get(*id).name.as_deref().unwrap_or_default();
        WRAPPERS.iter().any(|wrapper| name.contains(wrapper))
    };
    module.funcs.iter().find(|f| f.name.is_some()).context("linked without symbols")?;
    let mut unused: BTreeSet<_> = leading.into_iter().filter(is_wrapper).collect();
    // Taken back until stable: what is called from outside the set is in use.
    loop {
        let in_use: BTreeSet<_> = calls
            .iter()
            .filter(|(caller, _)| !unused.contains(caller))
            .flat_map(|(_, callees)| callees.intersection(&unused).copied())
            .collect();
        if in_use.is_empty() {
            break;
        }
        unused.retain(|id| !in_use.contains(id));
    }
    for id in unused {
        empty(module, id);
    }
    Ok(())
}

/// Every function that calls one of `targets`, or one that does.
fn callers_of(
    targets: BTreeSet<FunctionId>,
    calls: &BTreeMap<FunctionId, BTreeSet<FunctionId>>,
) -> BTreeSet<FunctionId> {
    let mut found = targets;
    loop {
        let before = found.len();
        for (caller, callees) in calls {
            if !callees.is_disjoint(&found) {
                found.insert(*caller);
            }
        }
        if found.len() == before {
            return found;
        }
    }
}

fn direct_calls(module: &Module) -> BTreeMap<FunctionId, BTreeSet<FunctionId>> {
    #[derive(Default)]
    struct Callees(BTreeSet<FunctionId>);
    impl<'a> Visitor<'a> for Callees {
        fn visit_call(&mut self, call: &ir::Call) {
            self.0.insert(call.func);
        }
    }
    let calls = module.funcs.iter_local().map(|(id, function)| {
        let mut callees = Callees::default();
        ir::dfs_in_order(&mut callees, function, function.entry_block());
        (id, callees.0)
    });
    calls.collect()
}

fn empty(module: &mut Module, id: FunctionId) {
    if let FunctionKind::Local(function) = &mut module.funcs.get_mut(id).kind {
        let entry = function.entry_block();
        let body = function.block_mut(entry);
        body.instrs = vec![(ir::Instr::Unreachable(ir::Unreachable {}), ir::InstrLocId::default())];
    }
}
