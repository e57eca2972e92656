//! Takes out what nothing refers to any more once the panics are gone: functions that stand in the
//! table for nobody, and objects of the data.
//!
//! The linker took out what was unused when it linked. What a module no longer uses because of
//! [`trim`](crate::trim) (half of the standard library's texts and tables) it could not know.

use crate::links::{Links, Object, Target};
use anyhow::{Context, Result};
use std::collections::BTreeSet;
use std::ops::Range;
use walrus::ir::{self, Value, Visitor};
use walrus::{ConstExpr, DataKind, ElementItems, ExportItem, FunctionBuilder, FunctionId, Module};

#[cfg(test)]
mod tests;

/// Bytes that one more segment costs: a gap has to be larger to be worth it.
const SEGMENT_COST: usize = 10;

/// What is in use.
#[derive(Debug, Default)]
struct Used {
    functions: BTreeSet<FunctionId>,
    objects: BTreeSet<usize>,
}

/// Takes out what is unused; the functions themselves go with the next collection of garbage.
///
/// # Errors
/// If the data is not laid out as linkers do it.
pub(crate) fn remove(module: &mut Module, links: &Links) -> Result<()> {
    let used = used(module, links);
    vacate_table(module, &used.functions);
    shrink_data(module, links, &used.objects)
}

fn used(module: &Module, links: &Links) -> Used {
    let exported = module.exports.iter().filter_map(|export| match export.item {
        ExportItem::Function(function) => Some(Target::Function(function)),
        _ => None,
    });
    let mut waiting: Vec<Target> = exported.chain(links.of_no_object()).collect();
    waiting.extend(module.start.map(Target::Function));
    let mut used = Used::default();
    while let Some(target) = waiting.pop() {
        match target {
            Target::Function(id) => {
                if used.functions.insert(id)
                    && let walrus::FunctionKind::Local(function) = &module.funcs.get(id).kind
                {
                    waiting.extend(links.of_function(function));
                    let mut callees = Callees::default();
                    ir::dfs_in_order(&mut callees, function, function.entry_block());
                    waiting.extend(callees.0.into_iter().map(Target::Function));
                }
            }
            Target::Object(object) => {
                if used.objects.insert(object) {
                    let object = links.objects.get(object).copied();
                    waiting.extend(object.into_iter().flat_map(|object| links.of_object(object)));
                }
            }
        }
    }
    used
}

#[derive(Default)]
struct Callees(BTreeSet<FunctionId>);

impl<'a> Visitor<'a> for Callees {
    fn visit_function_id(&mut self, function: &FunctionId) {
        self.0.insert(*function);
    }
}

/// Puts a function that traps in the table's place of each that nobody can call.
fn vacate_table(module: &mut Module, used: &BTreeSet<FunctionId>) {
    let mut nobody = FunctionBuilder::new(&mut module.types, &[], &[]);
    nobody.func_body().unreachable();
    let nobody = nobody.finish(Vec::new(), &mut module.funcs);
    for element in module.elements.iter_mut() {
        if let ElementItems::Functions(functions) = &mut element.items {
            for function in functions.iter_mut().filter(|function| !used.contains(function)) {
                *function = nobody;
            }
        }
    }
}

/// Puts each segment's used bytes into segments of their own.
fn shrink_data(module: &mut Module, links: &Links, used: &BTreeSet<usize>) -> Result<()> {
    let segments: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for (number, id) in segments.into_iter().enumerate() {
        let data = module.data.get(id);
        let DataKind::Active { memory, offset: ConstExpr::Value(Value::I32(begin)) } = data.kind
        else {
            continue;
        };
        let kept = kept(number, data.value.len(), links, used);
        let pieces: Vec<(usize, Vec<u8>)> = kept
            .into_iter()
            .map(|range| Some((range.start, data.value.get(range)?.to_vec())))
            .collect::<Option<_>>()
            .context("an object that ends after its segment")?;
        module.data.delete(id);
        let of_memory = &mut module.memories.get_mut(memory).data_segments;
        of_memory.remove(&id);
        for (offset, bytes) in pieces {
            let place = begin + i32::try_from(offset)?;
            let offset = ConstExpr::Value(Value::I32(place));
            of_memory.insert(module.data.add(DataKind::Active { memory, offset }, bytes));
        }
    }
    Ok(())
}

/// The ranges of a segment that have to stay: all but what only unused objects hold.
fn kept(number: usize, length: usize, links: &Links, used: &BTreeSet<usize>) -> Vec<Range<usize>> {
    let mut is_kept = vec![true; length];
    let own = links.objects.iter().enumerate().filter(|(_, object)| object.segment == number);
    let (used, unused): (Vec<_>, Vec<_>) = own.partition(|(index, _)| used.contains(index));
    let mut mark = |objects: Vec<(usize, &Object)>, keep: bool| {
        for (_, object) in objects {
            let end = object.end.min(length);
            is_kept.get_mut(object.begin..end).into_iter().for_each(|bytes| bytes.fill(keep));
        }
    };
    mark(unused, false);
    mark(used, true);
    let mut ranges: Vec<Range<usize>> = Vec::new();
    for (place, _) in is_kept.iter().enumerate().filter(|(_, keep)| **keep) {
        match ranges.last_mut() {
            Some(last) if place - last.end <= SEGMENT_COST => last.end = place + 1,
            _ => ranges.push(place..place + 1),
        }
    }
    ranges
}
