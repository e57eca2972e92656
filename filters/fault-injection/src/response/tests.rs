use super::*;
use filter_api::{HeaderPairs, encode_pairs};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn fault(status: Option<u16>, body: Option<&str>) -> ResponseFault {
    ResponseFault {
        delay: None,
        status,
        headers: Vec::new(),
        body: body.map(|body| BodyFault::Replace(body.as_bytes().into())),
        details: "fault_injection.r.response".to_owned(),
    }
}

fn applied(fault: &ResponseFault, status: &str, end: bool, to_head: bool) -> Application {
    let name = |name| HeaderName::new(name).unwrap();
    let mutations = vec![
        HeaderMutation::Remove(name("x-old")),
        HeaderMutation::Set(name("x-both"), HeaderValue::new("new").unwrap()),
        HeaderMutation::Add(name("x-add"), HeaderValue::new("2").unwrap()),
    ];
    let bytes = encode_pairs([
        (":status".as_bytes(), status.as_bytes()),
        (b"content-length", b"3"),
        (b"x-old", b"1"),
        (b"x-both", b"old"),
        (b"x-add", b"1"),
        (b"x-bytes", b"\xff"),
    ]);
    let response = ResponseHead::new(HeaderPairs::parse(&bytes), end);
    fault.application(&response, to_head, mutations)
}

fn replaced(application: &Application) -> Option<(u16, &[u8])> {
    match application {
        Application::Replace(reply) => Some((reply.status(), reply.body())),
        Application::Change { .. } => None,
    }
}

#[test]
fn an_answer_with_a_body_is_changed_in_place() {
    let Application::Change { mutations, has_body } =
        applied(&fault(Some(503), Some("new")), "200", false, false)
    else {
        panic!("replaced");
    };
    assert!(has_body);
    assert_eq!(mutations.len(), 4);
    assert_eq!(mutations.last(), Some(&HeaderMutation::SetStatus(503)));
}

#[test]
fn a_body_is_given_to_an_answer_that_has_none() {
    let application = applied(&fault(None, Some("new")), "404", true, false);
    assert_eq!(replaced(&application), Some((404, &b"new"[..])));
    let Application::Replace(reply) = application else { panic!() };
    let headers: Vec<(&[u8], &[u8])> =
        reply.headers().iter().map(|(n, v)| (n.as_bytes(), v.as_bytes())).collect();
    assert_eq!(
        headers,
        [(&b"x-add"[..], &b"1"[..]), (b"x-bytes", b"\xff"), (b"x-both", b"new"), (b"x-add", b"2")],
        "without framing, removed and replaced headers"
    );
    assert_eq!(reply.details(), "fault_injection.r.response");
}

#[test]
fn no_body_is_given_where_none_may_be() {
    for (status, new_status, to_head) in
        [("200", None, true), ("204", None, false), ("304", None, false), ("200", Some(204), false)]
    {
        let application = applied(&fault(new_status, Some("new")), status, true, to_head);
        assert_eq!(replaced(&application), None, "{status} {new_status:?} {to_head}");
    }
}

#[test]
fn a_status_without_body_drops_the_answers_body() {
    let application = applied(&fault(Some(204), None), "200", false, false);
    assert_eq!(replaced(&application), Some((204, &b""[..])));
    assert_eq!(replaced(&applied(&fault(Some(204), None), "200", true, false)), None);
    assert_eq!(replaced(&applied(&fault(Some(500), None), "200", false, false)), None);
}

#[test]
fn a_status_that_is_none_leaves_the_answer_in_place() {
    assert_eq!(replaced(&applied(&fault(None, Some("new")), "2x0", true, false)), None);
    assert_eq!(replaced(&applied(&fault(None, Some("new")), "999", true, false)), None);
}
