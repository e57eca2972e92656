//! Who refers to what in a linked module, as the linker's own relocations say it.
//!
//! A linked module holds addresses as plain numbers. With `--emit-relocs` the linker tells which
//! numbers they are, and where each object of the data begins and ends
//! (<https://github.com/WebAssembly/tool-conventions/blob/main/Linking.md>).

use anyhow::{Context, Result, bail, ensure};
use std::collections::{BTreeMap, BTreeSet};
use walrus::ir::{self, Instr, InstrLocId, Visitor};
use walrus::{FunctionId, LocalFunction, Module};
use wasmparser::{
    BinaryReader, Linking, LinkingSectionReader, Parser, Payload, RelocAddendKind,
    RelocSectionReader, RelocationEntry, RelocationType, SymbolInfo,
};

/// What a relocation refers to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Target {
    /// A function whose place in the table is meant.
    Function(FunctionId),
    /// An object of the data, by its number in [`Links::objects`].
    Object(usize),
}

/// An object of the data: bytes of one segment that are used or unused as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Object {
    /// Number of the segment.
    pub(crate) segment: usize,
    /// First byte within it.
    pub(crate) begin: usize,
    /// The byte after the last.
    pub(crate) end: usize,
}

/// The references of a linked module.
#[derive(Debug, Default)]
pub(crate) struct Links {
    /// By the position in the file at which the number stands.
    pub(crate) code: BTreeMap<usize, Target>,
    /// By segment and offset within it.
    pub(crate) data: BTreeMap<(usize, usize), Target>,
    /// Every object that the linker knows.
    pub(crate) objects: Vec<Object>,
}

/// The sections of the file, by position.
#[derive(Default)]
struct Sections<'a> {
    /// Where the contents of each section begin, by its number in the file.
    begins: Vec<usize>,
    code: Option<usize>,
    data: Option<usize>,
    /// Where the bytes of each data segment lie in the file.
    segments: Vec<std::ops::Range<usize>>,
    linking: Option<(&'a [u8], usize)>,
    relocations: Vec<(&'a [u8], usize)>,
}

impl Links {
    /// Reads the references of `linked`, whose functions are `functions` in the order of the file.
    ///
    /// # Errors
    /// If it was linked without `--emit-relocs`, or refers in a way that is not understood.
    pub(crate) fn read(linked: &[u8], functions: &[FunctionId]) -> Result<Self> {
        let sections = Sections::read(linked)?;
        let (bytes, position) = sections.linking.context("linked without --emit-relocs")?;
        let symbols = symbols(bytes, position)?;
        let mut links = Self::default();
        let targets: Vec<Option<Target>> =
            symbols.iter().map(|symbol| links.target(symbol, functions)).collect::<Result<_>>()?;
        for (bytes, position) in &sections.relocations {
            let reader = RelocSectionReader::new(BinaryReader::new(bytes, *position))?;
            let section = reader.section_index() as usize;
            let begin = *sections.begins.get(section).context("relocations of no section")?;
            for entry in reader.entries() {
                let entry = entry?;
                let Some(target) = meant(&entry, &targets)? else { continue };
                let place = begin + entry.offset as usize;
                if Some(section) == sections.code {
                    links.code.insert(place, target);
                } else if Some(section) == sections.data {
                    let within = |range: &std::ops::Range<usize>| range.contains(&place);
                    let segment = sections.segments.iter().position(within);
                    let segment = segment.context("a relocation outside the data")?;
                    let start = sections.segments.get(segment).map_or(0, |range| range.start);
                    links.data.insert((segment, place - start), target);
                }
            }
        }
        Ok(links)
    }

    fn target(
        &mut self,
        symbol: &SymbolInfo<'_>,
        functions: &[FunctionId],
    ) -> Result<Option<Target>> {
        Ok(match symbol {
            SymbolInfo::Func { index, .. } => {
                let function = functions.get(*index as usize).context("a symbol of no function")?;
                Some(Target::Function(*function))
            }
            SymbolInfo::Data { symbol: Some(data), .. } => {
                let begin = data.offset as usize;
                let end = begin + data.size as usize;
                self.objects.push(Object { segment: data.index as usize, begin, end });
                Some(Target::Object(self.objects.len() - 1))
            }
            _ => None,
        })
    }

    /// What `function` refers to by number.
    pub(crate) fn of_function(&self, function: &LocalFunction) -> BTreeSet<Target> {
        let mut found = Numbers { links: self, places: BTreeSet::new() };
        ir::dfs_in_order(&mut found, function, function.entry_block());
        found.places.iter().filter_map(|place| self.code.get(place).copied()).collect()
    }

    /// What the bytes of `object` refer to.
    pub(crate) fn of_object(&self, object: Object) -> impl Iterator<Item = Target> {
        let places = (object.segment, object.begin)..(object.segment, object.end);
        self.data.range(places).map(|(_, target)| *target)
    }

    /// What data refers to that is no object's.
    pub(crate) fn of_no_object(&self) -> impl Iterator<Item = Target> {
        let is_in = |object: &Object, (segment, place): (usize, usize)| {
            object.segment == segment && (object.begin..object.end).contains(&place)
        };
        let homeless = self
            .data
            .iter()
            .filter(move |(place, _)| !self.objects.iter().any(|object| is_in(object, **place)));
        homeless.map(|(_, target)| *target)
    }

    /// Checks that every reference of the code is found again by the instruction it stands in.
    ///
    /// # Errors
    /// One is not: what it refers to might be taken out while it is used.
    pub(crate) fn ensure_understood(&self, module: &Module) -> Result<()> {
        let mut found = BTreeSet::new();
        for (_, function) in module.funcs.iter_local() {
            let mut numbers = Numbers { links: self, places: BTreeSet::new() };
            ir::dfs_in_order(&mut numbers, function, function.entry_block());
            found.append(&mut numbers.places);
        }
        let lost = self.code.keys().filter(|place| !found.contains(place)).count();
        ensure!(lost == 0, "{lost} references of the code stand in no instruction");
        Ok(())
    }
}

/// The places of a function's numbers that are references.
struct Numbers<'a> {
    links: &'a Links,
    places: BTreeSet<usize>,
}

impl<'a> Visitor<'a> for Numbers<'_> {
    fn visit_instr(&mut self, instruction: &'a Instr, place: &'a InstrLocId) {
        if place.is_default() {
            return;
        }
        let begin = place.data() as usize;
        // The number of a constant follows its opcode; that of a load or store, the alignment too.
        let places = match instruction {
            Instr::Const(_) => begin + 1..begin + 2,
            _ => begin + 2..begin + 3,
        };
        self.places.extend(places.filter(|place| self.links.code.contains_key(place)));
    }
}

impl<'a> Sections<'a> {
    fn read(linked: &'a [u8]) -> Result<Self> {
        let mut sections = Self::default();
        for payload in Parser::new(0).parse_all(linked) {
            let payload = payload?;
            if let Some((_, range)) = payload.as_section() {
                match &payload {
                    Payload::CodeSectionStart { .. } => sections.code = Some(sections.begins.len()),
                    Payload::DataSection(_) => sections.data = Some(sections.begins.len()),
                    _ => {}
                }
                sections.begins.push(range.start);
            }
            match payload {
                Payload::DataSection(segments) => {
                    for segment in segments {
                        let segment = segment?;
                        let end = segment.range.end;
                        sections.segments.push(end - segment.data.len()..end);
                    }
                }
                Payload::CustomSection(section) => {
                    let found = (section.data(), section.data_offset());
                    match section.name() {
                        "linking" => sections.linking = Some(found),
                        "reloc.CODE" | "reloc.DATA" => sections.relocations.push(found),
                        _ => {}
                    }
                }
                _ => {}
            }
        }
        Ok(sections)
    }
}

fn symbols(bytes: &[u8], position: usize) -> Result<Vec<SymbolInfo<'_>>> {
    let reader = LinkingSectionReader::new(BinaryReader::new(bytes, position))?;
    for subsection in reader.subsections() {
        if let Linking::SymbolTable(table) = subsection? {
            return Ok(table.into_iter().collect::<Result<_, _>>()?);
        }
    }
    bail!("linked without a table of symbols")
}

/// What an entry refers to; `None` for numbers that walrus rewrites by itself.
fn meant(entry: &RelocationEntry, targets: &[Option<Target>]) -> Result<Option<Target>> {
    use RelocationType as Type;
    match entry.ty {
        Type::FunctionIndexLeb
        | Type::TypeIndexLeb
        | Type::GlobalIndexLeb
        | Type::EventIndexLeb
        | Type::TableNumberLeb => Ok(None),
        Type::TableIndexSleb | Type::TableIndexI32 => {
            let target = targets.get(entry.index as usize).copied().flatten();
            ensure!(matches!(target, Some(Target::Function(_))), "the address of no function");
            Ok(target)
        }
        Type::MemoryAddrLeb | Type::MemoryAddrSleb | Type::MemoryAddrI32 => {
            ensure!(entry.ty.addend_kind() != RelocAddendKind::None, "an address without addend");
            // Without an object: the linker's own, such as the end of the data.
            Ok(targets.get(entry.index as usize).copied().flatten())
        }
        other => bail!("a relocation of the kind {other:?}"),
    }
}
