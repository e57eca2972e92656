use super::*;

#[test]
fn lines_are_written_between_their_markers_and_nowhere_else() {
    let text = "a\n  // generated:filters\n  old\n  // /generated:filters\nb\n";
    let expected = "a\n  // generated:filters\n  new\n  // /generated:filters\nb\n";
    assert_eq!(between(text, SLASHES, "  new\n").unwrap(), expected);
    assert!(between(text, HASH, "  new\n").is_err());
    assert_eq!(type_path("filter_wasm::export!(a_b::Filter);").unwrap(), "a_b::Filter");
    assert!(type_path("//! nothing").is_err());
}

#[test]
fn status_and_posture_are_the_first_two_sentences() {
    let readme =
        "# F\n\n## Status and security posture\n\nStatus: alpha. Trust\nnothing. More.\n\nEnd.\n";
    assert_eq!(status(readme).unwrap(), ("alpha".to_owned(), "Trust nothing.".to_owned()));
    assert!(status("# F\n\nStatus: alpha. Trust nothing.\n").is_err());
    assert!(status(&readme.replace("Status: ", "")).is_err());
    let filter = Filter {
        folder: "a-b".to_owned(),
        type_path: "a_b::F".to_owned(),
        purpose: "P".to_owned(),
        status: "alpha".to_owned(),
        posture: "T.".to_owned(),
    };
    let index = index(&[filter], "x/");
    assert!(index.ends_with("| [`a_b`](x/a-b/README.md) | P | alpha | T. |\n"));
}

#[test]
fn a_filter_that_says_too_little_is_noticed() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let folders = folders(root).unwrap();
    assert!(folders.iter().all(|folder| Filter::read(root, folder).is_ok()));
    assert!(Filter::read(root, "no-such-filter").is_err());
    assert!(!folders.is_empty() && generated(root).unwrap().len() == 6);
}
