use super::*;
use walrus::{FunctionBuilder, RawCustomSection};

/// A module like a linked filter: every SDK callback, two of the adapter's own, a section.
fn linked(bits: &[u8]) -> Vec<u8> {
    let mut module = Module::default();
    let memory = module.memories.add_local(false, false, 1, None, None);
    module.exports.add("memory", memory);
    let own = ["ballast_on_response_body", "ballast_on_grpc_close"];
    let surplus = ["proxy_on_done", "proxy_on_queue_ready"];
    let callbacks = exports_for(Callbacks::from_bits(u8::MAX));
    for name in callbacks.into_iter().filter(|name| *name != "memory").chain(own).chain(surplus) {
        let mut function = FunctionBuilder::new(&mut module.types, &[], &[]);
        function.name(name.to_owned());
        let id = function.finish(Vec::new(), &mut module.funcs);
        module.exports.add(name, id);
    }
    module.customs.add(RawCustomSection { name: SECTION.to_owned(), data: bits.to_vec() });
    module.customs.add(RawCustomSection { name: "junk".to_owned(), data: vec![1] });
    module.emit_wasm()
}

fn exports(module: &[u8]) -> Vec<String> {
    let module = Module::from_buffer(module).unwrap();
    let mut names: Vec<_> = module.exports.iter().map(|export| export.name.clone()).collect();
    names.sort();
    names
}

#[test]
fn only_the_callbacks_a_filter_names_are_exported() {
    let callbacks = Callbacks::REQUEST_HEADERS | Callbacks::RESPONSE_BODY;
    let mut pruned = parse(&linked(&[callbacks.bits()])).unwrap();
    prune(&mut pruned).unwrap();
    let packaged = pruned.emit_wasm();
    let mut expected = exports_for(callbacks);
    expected.sort_unstable();
    assert_eq!(exports(&packaged), expected);
    assert!(!expected.contains(&"proxy_on_done") && !expected.contains(&"proxy_on_log"));
    assert_eq!(Module::from_buffer(&packaged).unwrap().customs.iter().count(), 0);
}

#[test]
fn the_adapters_own_callback_takes_the_place_of_the_sdks() {
    let before = Module::from_buffer(&linked(&[u8::MAX])).unwrap();
    let own = before.exports.get_func("ballast_on_response_body").unwrap();
    let mut module = before;
    replace_sdk_callbacks(&mut module);
    assert_eq!(module.exports.get_func("proxy_on_response_body").unwrap(), own);
    assert!(module.exports.iter().all(|export| !export.name.starts_with(OWN)));
}

#[test]
fn a_module_without_its_section_is_refused() {
    assert!(package(&Module::default().emit_wasm()).unwrap_err().to_string().contains(SECTION));
    assert!(package(&linked(&[1, 2])).unwrap_err().to_string().contains("2 bytes"));
    assert!(package(b"no wasm").is_err());
    assert!(package(&linked(&[1])).unwrap_err().to_string().contains("--emit-relocs"));
}

/// A panic, a function that only panics, and one that writes, calls or branches before it does.
#[test]
fn what_leads_up_to_a_panic_goes_and_what_is_seen_stays() {
    let mut module = Module::from_buffer(
        &wat::parse_str(
            r#"(module
                (import "env" "seen" (func $seen))
                (memory 1)
                (func $_ZN4core9panicking9panic_fmt17h0E (param i32) (call $seen))
                (func $only_panics (param i32)
                    (i32.store (i32.const 8) (i32.const 1))
                    (call $_ZN4core9panicking9panic_fmt17h0E (local.get 0)))
                (func (export "a") (param i32)
                    (call $seen)
                    (i32.store (i32.const 8) (i32.const 1))
                    (call $only_panics (local.get 0)))
                (func (export "b") (param i32) (result i32)
                    (block $out
                        (br_if $out (local.get 0))
                        (i32.store (i32.const 8) (i32.const 1))
                        (call $only_panics (i32.const 7)))
                    (i32.const 5)))"#,
        )
        .unwrap(),
    )
    .unwrap();
    trim::trap_on_panic(&mut module);
    walrus::passes::gc::run(&mut module);
    let text = module.emit_wasm();
    let trimmed = Module::from_buffer(&text).unwrap();
    assert_eq!(trimmed.funcs.iter().count(), 3, "the import and the two exports");
    for (name, kept) in [("a", ["Call", "Unreachable"].as_slice()), ("b", &["Block", "Const"])] {
        let id = trimmed.exports.get_func(name).unwrap();
        let function = trimmed.funcs.get(id).kind.unwrap_local();
        let instructions = &function.block(function.entry_block()).instrs;
        let found: Vec<String> = instructions.iter().map(|(one, _)| format!("{one:?}")).collect();
        assert_eq!(found.len(), kept.len(), "{name}: {found:?}");
        for (found, kept) in found.iter().zip(kept) {
            assert!(found.starts_with(kept), "{name}: {found}");
        }
    }
    assert_eq!(text.windows(4).filter(|code| *code == [0x36, 2, 0, 0]).count(), 0, "no store");
}
