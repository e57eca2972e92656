//! Rust source as tokens: comments and strings cannot be mistaken for code, and what is only there
//! for tests can be left out.

use crate::files::File;
use anyhow::{Result, anyhow};
use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// The tokens of a file.
pub(crate) fn lex(file: &File) -> Result<Vec<TokenTree>> {
    let stream: Result<TokenStream, _> = file.text.parse();
    let stream = stream.map_err(|error| anyhow!("{}: {error}", file.path.display()))?;
    Ok(stream.into_iter().collect())
}

/// Whether a file holds tests, benches or examples only.
pub(crate) fn is_test_file(file: &File) -> bool {
    file.path.file_stem().is_some_and(|stem| stem == "tests")
        || file.path.iter().any(|part| part == "tests" || part == "benches")
}

/// Calls `visit` with every sequence of sibling tokens, the innermost too, each without what is
/// compiled for tests only.
pub(crate) fn visit_production(tokens: Vec<TokenTree>, visit: &mut dyn FnMut(&[TokenTree])) {
    let kept = without_tests(tokens);
    visit(&kept);
    for token in kept {
        if let TokenTree::Group(group) = token {
            visit_production(group.stream().into_iter().collect(), visit);
        }
    }
}

/// The attributes among sibling tokens: what stands between the brackets, and the line.
pub(crate) fn attributes(tokens: &[TokenTree]) -> impl Iterator<Item = (Vec<TokenTree>, usize)> {
    tokens.iter().enumerate().filter_map(|(index, token)| {
        if !is_punct(Some(token), '#') {
            return None;
        }
        let after = index + 1 + usize::from(is_punct(tokens.get(index + 1), '!'));
        let group = group_of(tokens.get(after), Delimiter::Bracket)?;
        Some((group.stream().into_iter().collect(), line_of(token)))
    })
}

/// Whether `token` is this punctuation.
pub(crate) fn is_punct(token: Option<&TokenTree>, expected: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == expected)
}

/// Whether `token` is this word.
pub(crate) fn is_word(token: Option<&TokenTree>, expected: &str) -> bool {
    matches!(token, Some(TokenTree::Ident(word)) if word == expected)
}

/// The group that `token` is, if it has these delimiters.
pub(crate) fn group_of(token: Option<&TokenTree>, delimiter: Delimiter) -> Option<&Group> {
    match token {
        Some(TokenTree::Group(group)) if group.delimiter() == delimiter => Some(group),
        _ => None,
    }
}

/// The line on which a token begins, from 1.
pub(crate) fn line_of(token: &TokenTree) -> usize {
    token.span().start().line
}

/// Every word in the tokens, however deep.
pub(crate) fn words(tokens: &[TokenTree]) -> Vec<String> {
    let mut found = Vec::new();
    for token in tokens {
        match token {
            TokenTree::Ident(word) => found.push(word.to_string()),
            TokenTree::Group(group) => {
                found.extend(words(&group.stream().into_iter().collect::<Vec<_>>()));
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => {}
        }
    }
    found
}

fn without_tests(tokens: Vec<TokenTree>) -> Vec<TokenTree> {
    let mut kept = Vec::with_capacity(tokens.len());
    let mut tokens = tokens.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let next = group_of(tokens.peek(), Delimiter::Bracket);
        let is_test = is_punct(Some(&token), '#') && next.is_some_and(is_test_attribute);
        if !is_test {
            kept.push(token);
            continue;
        }
        // The item ends with its body or, where it has none, with a semicolon.
        let ends = |token: &TokenTree| {
            is_punct(Some(token), ';') || group_of(Some(token), Delimiter::Brace).is_some()
        };
        tokens.by_ref().find(ends);
    }
    kept
}

fn is_test_attribute(attribute: &Group) -> bool {
    let words = words(&attribute.stream().into_iter().collect::<Vec<_>>());
    let has = |expected: &str| words.iter().any(|word| word == expected);
    match words.first().map(String::as_str) {
        Some("test") => true,
        Some("cfg") => has("test") && !has("not"),
        _ => false,
    }
}

#[cfg(test)]
pub(crate) fn sample(text: &str) -> File {
    File { path: "src/sample.rs".into(), text: text.to_owned() }
}

#[test]
fn what_only_tests_see_is_left_out() -> Result<()> {
    let file = sample(
        "fn kept() { a } #[cfg(test)] mod tests; #[cfg(test)] mod t { fn no() {} } #[test] fn n() {} \
         #[cfg(not(test))] fn also() { /* unwrap */ b }",
    );
    let mut seen = Vec::new();
    visit_production(lex(&file)?, &mut |tokens| {
        seen.extend(tokens.iter().filter_map(|token| match token {
            TokenTree::Ident(word) => Some(word.to_string()),
            _ => None,
        }));
    });
    seen.retain(|word| word.len() > 3 || word.len() == 1);
    assert_eq!(seen, ["kept", "also", "a", "test", "b"].map(String::from));
    Ok(())
}
