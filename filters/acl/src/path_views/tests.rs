use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The readings of a path, in order, and how clear it is.
fn views(path: &str) -> (Vec<String>, Clarity) {
    let views = PathViews::read(Some(path.as_bytes()));
    let all = views.raw.into_iter().chain(views.further.iter().map(Vec::as_slice));
    let text = all.map(|view| String::from_utf8_lossy(view).into_owned()).collect();
    (text, views.clarity())
}

#[test]
fn a_plain_path_has_one_reading() {
    for path in ["/", "/a", "/a/b.c/d-e_f~g", "/a/b/", "/a.b", "/x:y@z,w=v&u+t!$'()*"] {
        assert_eq!(views(path), (vec![path.to_owned()], Clarity::Clear), "{path}");
    }
    assert_eq!(views("/a?x=/../b"), (vec!["/a".to_owned()], Clarity::Clear));
}

#[test]
fn a_harmless_escape_gives_a_reading_and_no_doubt() {
    let two = |a: &str, b: &str| (vec![a.to_owned(), b.to_owned()], Clarity::Clear);
    assert_eq!(views("/a%20b"), two("/a%20b", "/a b"));
    assert_eq!(views("/%61dmin"), two("/%61dmin", "/admin"));
    assert_eq!(views("/caf%C3%A9"), two("/caf%C3%A9", "/café"));
    assert_eq!(views("/.well-known/x").1, Clarity::Clear);
}

/// Every way to write `/admin` that some server understands has that reading, and is doubtful.
#[test]
fn every_disguise_is_seen_through() {
    for path in [
        "//admin",
        "/./admin",
        "/x/../admin",
        "/x//../admin",
        "\\admin",
        "/\\admin",
        "/admin;a=b",
        "/;x/admin",
        "/%2fadmin",
        "/x%2f..%2fadmin",
        "/%2e/admin",
        "/x/%2e%2e/admin",
        "/x/..;/admin",
        "/%252e/admin",
        "/%2561dmin",
        "/x/%252e%252e/admin",
        "/admin.",
        "/admin%20",
        "/admin..",
        "/admin#x",
        "/admin%23x",
        "/admin%3fx",
        "http://h/admin",
        "/x/..%5cadmin",
        "/%25252fadmin",
        "/x/.%2e/admin",
    ] {
        let views = PathViews::read(Some(path.as_bytes()));
        assert!(views.any(|view| view == b"/admin"), "{path}");
        assert!(!views.all(|view| view != b"/admin"), "{path}");
        assert_eq!(views.clarity(), Clarity::Ambiguous, "{path}");
    }
}

/// Merging first and resolving first are different servers.
#[test]
fn dots_are_resolved_in_both_orders() {
    let (views, _) = views("/a//../secret");
    assert!(views.contains(&"/a/secret".to_owned()), "{views:?}");
    assert!(views.contains(&"/secret".to_owned()), "{views:?}");
}

#[test]
fn what_cannot_be_read_is_refused_by_all_and_allowed_by_none() {
    for path in ["/a%00b", "/a%0ab", "/a%c0%af..", "/%e0%80%af", "/%2525252561", "/%f0%80%80%af"] {
        let views = PathViews::read(Some(path.as_bytes()));
        assert_eq!(views.clarity(), Clarity::Unreadable, "{path}");
        assert!(views.any(|_| false) && !views.all(|_| true), "{path}");
    }
    let none = PathViews::read(None);
    assert!(none.any(|_| false) && !none.all(|_| true));
}

#[test]
fn a_slash_at_the_end_is_no_way_around() {
    let views = PathViews::read(Some(b"/admin/"));
    assert!(views.any_or_shorter(|view| view == b"/admin"));
    assert!(views.all(|view| view == b"/admin/") && !views.any(|view| view != b"/admin/"));
    assert!(!PathViews::read(Some(b"/")).any_or_shorter(|view| view.is_empty()));
    assert!(PathViews::read(Some(b"/x//admin/")).any_or_shorter(|view| view == b"/x/admin"));
}

#[test]
fn bytes_that_are_no_text_neither_crash_nor_hide() {
    let views = PathViews::read(Some(b"/admin/\xff%ff"));
    assert!(views.any(|view| view.starts_with(b"/admin/")));
    assert_eq!(views.clarity(), Clarity::Ambiguous);
    for length in 0..4 {
        let mut path = vec![b'/'];
        for seed in 0..5_000_u32 {
            path.truncate(1);
            path.extend(
                (0..=length).map(|n| b"%2ef/.\\;#5c?\xff\0"[(seed as usize * (n + 7) / 3) % 13]),
            );
            let views = PathViews::read(Some(&path));
            assert!(views.any(|_| true));
        }
    }
}
