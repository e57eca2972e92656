//! How long functions may be.

use crate::files::{File, files};
use crate::tokens::{is_punct, is_word, lex, line_of, sample};
use anyhow::Result;
use proc_macro2::{Delimiter, TokenTree};

/// A function with more lines than this, from `fn` to its closing brace, does more than one thing.
const MAX_LINES: usize = 50;

/// A function: its name, its first line, how many lines it has.
type Function = (String, usize, usize);

fn functions(tokens: &[TokenTree], found: &mut Vec<Function>) {
    for (index, token) in tokens.iter().enumerate() {
        if let TokenTree::Group(group) = token {
            functions(&group.stream().into_iter().collect::<Vec<_>>(), found);
        }
        if !is_word(Some(token), "fn") {
            continue;
        }
        let Some(TokenTree::Ident(name)) = tokens.get(index + 1) else { continue };
        let rest = tokens.get(index..).unwrap_or_default();
        let end = rest.iter().find_map(|token| match token {
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                Some(Some(group.span_close().end().line))
            }
            token if is_punct(Some(token), ';') => Some(None),
            _ => None,
        });
        if let Some(Some(end)) = end {
            let start = line_of(token);
            found.push((name.to_string(), start, end - start + 1));
        }
    }
}

fn too_long(file: &File) -> Result<(usize, Vec<String>)> {
    let mut all = Vec::new();
    functions(&lex(file)?, &mut all);
    let long = all.iter().filter(|(_, _, lines)| *lines > MAX_LINES).map(|(name, start, lines)| {
        format!("{}:{start}: {name} has {lines} lines", file.path.display())
    });
    Ok((all.len(), long.collect()))
}

#[test]
fn no_function_is_too_long() -> Result<()> {
    let (mut count, mut violations) = (0, Vec::new());
    for file in files("", ".rs")? {
        let (functions, long) = too_long(&file)?;
        count += functions;
        violations.extend(long);
    }
    println!("{count} functions");
    assert!(count > 1000, "only {count} functions were found");
    crate::assert_kept(&violations);
    Ok(())
}

#[test]
fn a_function_that_is_too_long_is_noticed() -> Result<()> {
    let with = |lines: usize| {
        let body = "    let brace = \"}\"; // }\n".repeat(lines);
        sample(&format!("struct S;\n\nimpl S {{\n    fn deep() -> [u8; 2] {{\n{body}    }}\n}}\n"))
    };
    assert_eq!(too_long(&with(48))?, (1, Vec::new()));
    assert_eq!(too_long(&with(49))?, (1, vec!["src/sample.rs:4: deep has 51 lines".to_owned()]));
    Ok(())
}
