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
use walrus::ir::{self, Instr, InstrLocId, InstrSeq, InstrSeqId, Unreachable, Visitor};
use walrus::{FunctionId, FunctionKind, LocalFunction, Module};

/// Where the SDK's wrappers live, as it stands in a mangled symbol.
const WRAPPERS: [&str; 2] = ["10proxy_wasm9hostcalls", "10proxy_wasm6traits"];

/// What never returns: where a panic, or a failed allocation, is told. Parts of mangled symbols.
const TELLING: [&str; 15] = [
    "4core4cell22panic_already_borrowed",
    "4core4cell30panic_already_mutably_borrowed",
    "4core6option13expect_failed",
    "4core6option13unwrap_failed",
    "4core6result13unwrap_failed",
    "4core9panicking",
    "5alloc5alloc18handle_alloc_error",
    "5alloc7raw_vec12handle_error",
    "5alloc7raw_vec17capacity_overflow",
    "5slice5index16slice_index_fail",
    "17len_mismatch_fail",
    "16slice_error_fail",
    "19slice_error_fail_rt",
    "3std5alloc8rust_oom",
    "3std9panicking11begin_panic",
];

/// Makes a panic a trap at once, and takes out what only led up to it: a store into memory that nobody
/// will read, the arguments of a message that nobody will see.
pub(crate) fn trap_on_panic(module: &mut Module) {
    let tells = |name: &str| TELLING.iter().any(|teller| name.contains(teller));
    let named = module.funcs.iter().filter(|f| f.name.as_deref().is_some_and(tells));
    let mut trapping: BTreeSet<_> = named.map(walrus::Function::id).collect();
    for id in &trapping {
        empty(module, *id);
    }
    // A function that now does nothing but trap is one more that never returns.
    loop {
        let before = trapping.len();
        for (id, function) in module.funcs.iter_local_mut() {
            if cut_before_traps(function, &trapping) {
                trapping.insert(id);
            }
        }
        if trapping.len() == before {
            return;
        }
    }
}

/// Cuts what leads up to a trap out of every sequence; whether the function only traps.
fn cut_before_traps(function: &mut LocalFunction, trapping: &BTreeSet<FunctionId>) -> bool {
    let mut sequences = Sequences::default();
    ir::dfs_in_order(&mut sequences, function, function.entry_block());
    for id in sequences.0 {
        let instructions = &mut function.block_mut(id).instrs;
        let traps = |(instruction, _): &(Instr, InstrLocId)| match instruction {
            Instr::Unreachable(_) => true,
            Instr::Call(call) => trapping.contains(&call.func),
            _ => false,
        };
        let Some(trap) = instructions.iter().position(traps) else { continue };
        let leading = instructions.get(..trap).unwrap_or_default();
        let kept = leading.iter().rposition(|(instruction, _)| is_seen(instruction));
        instructions.truncate(kept.map_or(0, |last| last + 1));
        instructions.push((Instr::Unreachable(Unreachable {}), InstrLocId::default()));
    }
    let entry = function.block(function.entry_block());
    matches!(entry.instrs.as_slice(), [(Instr::Unreachable(_), _)])
}

/// Whether an instruction has an effect that outlives the VM, or may lead elsewhere than to the next.
fn is_seen(instruction: &Instr) -> bool {
    matches!(
        instruction,
        Instr::Block(_)
            | Instr::Loop(_)
            | Instr::IfElse(_)
            | Instr::Call(_)
            | Instr::CallIndirect(_)
            | Instr::ReturnCall(_)
            | Instr::ReturnCallIndirect(_)
            | Instr::Br(_)
            | Instr::BrIf(_)
            | Instr::BrTable(_)
            | Instr::Return(_)
    )
}

/// Every sequence of instructions of a function.
#[derive(Default)]
struct Sequences(Vec<InstrSeqId>);

impl<'a> Visitor<'a> for Sequences {
    fn start_instr_seq(&mut self, sequence: &'a InstrSeq) {
        self.0.push(sequence.id());
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
        body.instrs = vec![(Instr::Unreachable(Unreachable {}), InstrLocId::default())];
    }
}
