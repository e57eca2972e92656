use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const TRACE: TraceId = TraceId { high: 0x5759_e988_bd86_2e3f, low: 0xe1be_46a9_9427_2793 };
const SPAN: u64 = 0x5399_5c3f_42cd_8ad8;

#[test]
fn the_header_to_the_letter() {
    use Decision::{Deferred, Drop, Keep};
    let context = |span_id, decision| {
        Some(TraceContext { trace_id: TRACE, span_id, decision, ..TraceContext::default() })
    };
    const ROOT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793";
    for (rest, expected) in [
        (";Parent=53995c3f42cd8ad8;Sampled=1", context(SPAN, Keep)),
        (";Parent=53995c3f42cd8ad8;Sampled=0", context(SPAN, Drop)),
        (";Parent=53995c3f42cd8ad8;Sampled=?", context(SPAN, Deferred)),
        (";Parent=53995c3f42cd8ad8", context(SPAN, Deferred)),
        (";Sampled=1;Parent=53995c3f42cd8ad8", context(SPAN, Keep)),
        ("; Parent=53995c3f42cd8ad8 ; Sampled=1 ;", context(SPAN, Keep)),
        // From a load balancer.
        ("", context(0, Deferred)),
        (";Sampled=1", context(0, Keep)),
        (";Self=1-5759e988-bd862e3fe1be46a994272700", context(0, Deferred)),
        (";Lineage=a87bd80c:1|68fd508a:5;Parent=53995c3f42cd8ad8;Sampled=1", context(SPAN, Keep)),
        (";Parent=53995c3f42cd8ad;Sampled=1", None),
        (";Parent=53995C3F42CD8AD8;Sampled=1", None),
        (";Parent=0000000000000000;Sampled=1", None),
        (";Parent=;Sampled=1", None),
        (";Parent=53995c3f42cd8ad8;Sampled=2", None),
        (";Parent=53995c3f42cd8ad8;Sampled=", None),
        (";Parent=53995c3f42cd8ad8;Parent=53995c3f42cd8ad8", None),
        (";Root=1-5759e988-bd862e3fe1be46a994272793", None),
        (";Parent", None),
    ] {
        assert_eq!(parse([ROOT, rest].concat().as_bytes()), expected, "{rest:?}");
    }
    for value in [
        "",
        "Root=",
        "Parent=53995c3f42cd8ad8;Sampled=1",
        "Self=1-5759e988-bd862e3fe1be46a994272793",
        "root=1-5759e988-bd862e3fe1be46a994272793",
        "Root=2-5759e988-bd862e3fe1be46a994272793",
        "Root=1-5759e988-bd862e3fe1be46a99427279",
        "Root=1-5759e988-bd862e3fe1be46a9942727933",
        "Root=1-5759e98-8bd862e3fe1be46a994272793",
        "Root=1-5759E988-bd862e3fe1be46a994272793",
        "Root=1-00000000-000000000000000000000000",
    ] {
        assert_eq!(parse(value.as_bytes()), None, "{value:?}");
    }
    let self_first =
        "Self=1-5759e988-bd862e3fe1be46a994272700;Root=1-5759e988-bd862e3fe1be46a994272793";
    assert_eq!(parse(self_first.as_bytes()), context(0, Deferred));
}

#[test]
fn it_is_written_with_a_decision_even_where_that_is_open() {
    for (decision, end) in [
        (Decision::Deferred, "?"),
        (Decision::Drop, "0"),
        (Decision::Keep, "1"),
        (Decision::Debug, "1"),
    ] {
        let context =
            TraceContext { trace_id: TRACE, span_id: SPAN, decision, ..TraceContext::default() };
        let expected = format!(
            "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled={end}"
        );
        assert_eq!(String::from_utf8(text(&context, None)).unwrap(), expected);
        let beside = "Self=1-5759e988-1;Root=x;Lineage=a:1|b:2;Parent=y; ;Sampled=z";
        let text = String::from_utf8(text(&context, Some(beside.as_bytes()))).unwrap();
        assert_eq!(text, format!("{expected};Self=1-5759e988-1;Lineage=a:1|b:2"));
    }
}
