use super::*;
use walrus::FunctionId;

/// Where the objects of the data begin, and the constant that stands for the first of them.
const DATA: &str = "1048576";

/// One exported function that refers to the first of three objects; the first refers to the third,
/// the third to a function of the table.
fn module() -> (Vec<u8>, Module, Vec<FunctionId>) {
    let text = format!(
        r#"(module
            (memory 17)
            (table (export "t") 3 funcref)
            (elem (i32.const 1) $named $unnamed)
            (data (i32.const {DATA}) "first object....second object...third object....")
            (func $named)
            (func $unnamed)
            (func (export "a") (result i32) (i32.const {DATA})))"#
    );
    let linked = wat::parse_str(text).unwrap();
    let module = Module::from_buffer(&linked).unwrap();
    let functions = module.funcs.iter().map(walrus::Function::id).collect();
    (linked, module, functions)
}

fn links(linked: &[u8], named: FunctionId) -> Links {
    // i32.const 1048576
    let constant = [0x41, 0x80, 0x80, 0xc0, 0x00];
    let places: Vec<usize> =
        (0..linked.len()).filter(|at| linked[*at..].starts_with(&constant)).collect();
    let [in_code, _in_data] = places[..] else { panic!("{places:?}") };
    let object = |begin| Object { segment: 0, begin, end: begin + 16 };
    Links {
        code: [(in_code + 1, Target::Object(0))].into(),
        data: [((0, 4), Target::Object(2)), ((0, 36), Target::Function(named))].into(),
        objects: vec![object(0), object(16), object(32)],
    }
}

#[test]
fn what_is_referred_to_stays_where_it_is_and_the_rest_goes() {
    let (linked, mut module, functions) = module();
    let links = links(&linked, functions[0]);
    links.ensure_understood(&module).unwrap();
    remove(&mut module, &links).unwrap();
    walrus::passes::gc::run(&mut module);
    let read = Module::from_buffer(&module.emit_wasm()).unwrap();
    let data: Vec<(i32, &[u8])> = read
        .data
        .iter()
        .map(|data| match data.kind {
            DataKind::Active { offset: ConstExpr::Value(Value::I32(begin)), .. } => {
                (begin - 1_048_576, data.value.as_slice())
            }
            _ => panic!("{:?}", data.kind),
        })
        .collect();
    assert_eq!(data, [(0, &b"first object...."[..]), (32, b"third object....")]);
    let element = read.elements.iter().next().unwrap();
    let ElementItems::Functions(table) = &element.items else { panic!("no functions") };
    let is_trap = |id: &FunctionId| {
        let function = read.funcs.get(*id).kind.unwrap_local();
        !function.block(function.entry_block()).instrs.is_empty()
    };
    assert_eq!(table.iter().map(is_trap).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn a_reference_that_stands_in_no_instruction_is_refused() {
    let (linked, module, functions) = module();
    let mut links = links(&linked, functions[0]);
    links.code.insert(1, Target::Object(1));
    assert!(links.ensure_understood(&module).is_err());
}

#[test]
fn what_no_object_holds_stays() {
    let (linked, mut module, functions) = module();
    let mut links = links(&linked, functions[0]);
    links.objects = vec![Object { segment: 0, begin: 0, end: 4 }];
    links.code.clear();
    links.data.remove(&(0, 4));
    remove(&mut module, &links).unwrap();
    let kept: Vec<usize> = module.data.iter().map(|data| data.value.len()).collect();
    assert_eq!(kept, [44], "four bytes of the only object are gone, 44 stay");
    let element = module.elements.iter().next().unwrap();
    let ElementItems::Functions(table) = &element.items else { panic!("no functions") };
    assert_eq!(table.first(), functions.first(), "data that is no object's refers to it");
}
