//! What may not stand in code that ends up in a module, and exceptions without a reason.
//!
//! Clippy refuses most of it too; but an exception to Clippy is one line, and what a module does
//! with it takes a worker down.

use crate::files::{File, files};
use crate::tokens::{
    attributes, group_of, is_punct, is_test_file, lex, line_of, sample, visit_production, words,
};
use anyhow::Result;
use proc_macro2::{Delimiter, TokenTree};

/// Methods that panic.
const METHODS: [&str; 6] =
    ["unwrap", "expect", "unwrap_err", "expect_err", "unwrap_unchecked", "get_unchecked"];

/// Macros that panic.
const MACROS: [&str; 5] = ["panic", "todo", "unimplemented", "unreachable", "dbg"];

/// Macros that panic if something is wrong.
const ASSERTIONS: [&str; 3] = ["assert", "assert_eq", "assert_ne"];

/// What no module carries because it is compiled for tests only, and may therefore assert.
const TEST_KITS: [&str; 2] = ["shared/filter-config/src/docs", "shared/filter-testing"];

/// Lints that keep the same out, and that nobody may switch off.
const LINTS: [&str; 10] = [
    "expect_used",
    "get_unwrap",
    "indexing_slicing",
    "panic",
    "string_slice",
    "todo",
    "unimplemented",
    "unreachable",
    "unwrap_in_result",
    "unwrap_used",
];

/// Code that panics, outside tests.
fn panics(file: &File) -> Result<Vec<String>> {
    let mut found = Vec::new();
    let may_assert = TEST_KITS.iter().any(|folder| file.path.starts_with(folder));
    visit_production(lex(file)?, &mut |tokens| {
        for (index, token) in tokens.iter().enumerate() {
            let TokenTree::Ident(word) = token else { continue };
            let word = word.to_string();
            let is_call = index > 0
                && is_punct(tokens.get(index - 1), '.')
                && group_of(tokens.get(index + 1), Delimiter::Parenthesis).is_some();
            let is_macro = is_punct(tokens.get(index + 1), '!')
                && matches!(tokens.get(index + 2), Some(TokenTree::Group(_)));
            let is_bad_macro = MACROS.contains(&word.as_str())
                || !may_assert && ASSERTIONS.contains(&word.as_str());
            if is_call && METHODS.contains(&word.as_str()) || is_macro && is_bad_macro {
                found.push(format!("{}:{}: {word}", file.path.display(), line_of(token)));
            }
        }
        for (attribute, line) in attributes(tokens) {
            let words = words(&attribute);
            let is_exception = words.iter().any(|word| word == "allow" || word == "expect");
            for lint in words.iter().filter(|word| is_exception && LINTS.contains(&word.as_str())) {
                found.push(format!("{}:{line}: an exception to {lint}", file.path.display()));
            }
        }
    });
    Ok(found)
}

/// Exceptions to a lint without a reason, in tests too.
fn unreasoned(file: &File) -> Result<Vec<String>> {
    let mut found = Vec::new();
    visit_all(&lex(file)?, &mut |tokens| {
        for (attribute, line) in attributes(tokens) {
            let words = words(&attribute);
            let has = |expected: &str| words.iter().any(|word| word == expected);
            let is_exception = match words.first().map(String::as_str) {
                Some("allow" | "expect") => true,
                Some("cfg_attr") => has("allow") || has("expect"),
                _ => false,
            };
            if is_exception && !has("reason") {
                found
                    .push(format!("{}:{line}: an exception without a reason", file.path.display()));
            }
        }
    });
    Ok(found)
}

fn visit_all(tokens: &[TokenTree], visit: &mut dyn FnMut(&[TokenTree])) {
    visit(tokens);
    for token in tokens {
        if let TokenTree::Group(group) = token {
            visit_all(&group.stream().into_iter().collect::<Vec<_>>(), visit);
        }
    }
}

#[test]
fn nothing_in_a_module_panics_on_purpose() -> Result<()> {
    let mut sources = files("shared", ".rs")?;
    sources.append(&mut files("filters", ".rs")?);
    sources.retain(|file| !is_test_file(file));
    let mut violations = Vec::new();
    for file in &sources {
        violations.extend(panics(file)?);
    }
    println!("{} files that modules are made of", sources.len());
    assert!(sources.len() > 30, "only {} files were found", sources.len());
    crate::assert_kept(&violations);
    Ok(())
}

#[test]
fn every_exception_has_a_reason() -> Result<()> {
    let mut violations = Vec::new();
    for file in files("", ".rs")? {
        violations.extend(unreasoned(&file)?);
    }
    crate::assert_kept(&violations);
    Ok(())
}

#[test]
fn everything_that_panics_is_noticed() -> Result<()> {
    for method in METHODS {
        let file = sample(&format!("fn f() {{\n  vec![a.{method}(1)]\n}}"));
        assert_eq!(panics(&file)?, [format!("src/sample.rs:2: {method}")]);
        assert_eq!(
            panics(&sample(&format!("/// a.{method}()\nfn {method}() {{ \".{method}()\"; }}")))?,
            [""; 0]
        );
    }
    for name in MACROS.into_iter().chain(ASSERTIONS) {
        let file = sample(&format!("fn f() {{ {name}!(\"x\") }}\n#[test] fn t() {{ {name}!() }}"));
        assert_eq!(panics(&file)?, [format!("src/sample.rs:1: {name}")]);
    }
    for lint in LINTS {
        let file = sample(&format!("#[allow(clippy::{lint}, reason = \"r\")]\nfn f() {{}}"));
        assert_eq!(panics(&file)?, [format!("src/sample.rs:1: an exception to {lint}")]);
    }
    let kit =
        |text: &str| File { path: "shared/filter-testing/src/a.rs".into(), text: text.into() };
    assert!(panics(&kit("fn f() { assert!(a) }"))?.is_empty());
    assert_eq!(panics(&kit("fn f() { todo!(a) }"))?.len(), 1);
    assert!(panics(&sample("fn f() { a.unwrap_or(1); a.expect; debug_assert!(b) }"))?.is_empty());
    Ok(())
}

#[test]
fn an_exception_without_a_reason_is_noticed() -> Result<()> {
    for bad in [
        "#![allow(a)]",
        "#[expect(a)]\nfn f() {}",
        "mod m { #[cfg_attr(test, allow(a))] fn f() {} }",
    ] {
        let found = unreasoned(&sample(bad))?;
        assert_eq!(found, ["src/sample.rs:1: an exception without a reason"], "{bad}");
    }
    assert!(unreasoned(&sample("#[allow(a, reason = \"r\")] #[must_use] fn f() {}"))?.is_empty());
    Ok(())
}
