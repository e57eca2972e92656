//! Text to terms.

use super::Term;
use crate::HeaderKey;
use crate::host::HostAttribute;

/// Attributes of the request that are read by a key.
const KEYED: [&str; 4] =
    ["request.headers", "request.cookies", "request.query", "request.queryParams"];

/// Attributes of the request that are headers of their own.
const HEADERS: [(&str, &str); 6] = [
    ("request.host", ":authority"),
    ("request.id", "x-request-id"),
    ("request.method", ":method"),
    ("request.referer", "referer"),
    ("request.scheme", ":scheme"),
    ("request.useragent", "user-agent"),
];

const PATH: &str = "request.path";

/// Reads `term | term | …`.
pub(super) fn terms(text: &str) -> Result<Vec<Term>, String> {
    let mut terms = Vec::new();
    let mut rest = text;
    loop {
        if matches!(terms.last(), Some(Term::Literal(_))) {
            return Err("found a term after a literal, which always exists; \
                        allowed is a literal at the end"
                .to_owned());
        }
        let (term, tail) = term(rest.trim_start())?;
        terms.push(term);
        let tail = tail.trim_start();
        if tail.is_empty() {
            return Ok(terms);
        }
        rest = tail
            .strip_prefix('|')
            .ok_or_else(|| format!("found `{}`, allowed is | and a further term", shorten(tail)))?;
    }
}

/// One term at the start of `text`, and what follows it.
fn term(text: &str) -> Result<(Term, &str), String> {
    if let Some((literal, rest)) = quoted(text)? {
        return Ok((Term::Literal(literal.into_bytes().into()), rest));
    }
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '.' || c == '_'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at_checked(end).unwrap_or((text, ""));
    let (keys, rest) = keys(rest)?;
    let term = match (named(name), keys.as_slice()) {
        (Some(term), []) => Some(term),
        (_, [key]) if KEYED.contains(&name) => Some(keyed(name, key)?),
        (_, keys) => label(name, keys).map(Term::Host),
    };
    term.map(|term| (term, rest)).ok_or_else(|| unknown(name, &keys, text))
}

/// An attribute of the request without a key.
fn named(name: &str) -> Option<Term> {
    if name == PATH {
        return Some(Term::Path);
    }
    let (_, header) = HEADERS.iter().find(|(attribute, _)| *attribute == name)?;
    HeaderKey::new(header).ok().map(Term::Header)
}

/// An attribute of the request with its key.
fn keyed(name: &str, key: &str) -> Result<Term, String> {
    match name {
        "request.headers" => HeaderKey::new(key)
            .map(Term::Header)
            .map_err(|allowed| format!("found header `{}`, allowed is {allowed}", shorten(key))),
        "request.cookies" => Ok(Term::Cookie(key.as_bytes().into())),
        _ => Ok(Term::Query(key.as_bytes().into())),
    }
}

/// An attribute of the host; the last step of a dotted name may be its key
/// (`xds.node.metadata.LABELS.app`).
fn label(name: &str, keys: &[String]) -> Option<HostAttribute> {
    let whole = HostAttribute::find(name, keys);
    if whole.is_some() || !keys.is_empty() {
        return whole;
    }
    let (name, key) = name.rsplit_once('.').filter(|(_, key)| !key.is_empty())?;
    HostAttribute::find(name, &[key.to_owned()])
}

/// All keys at the start of `text`, and what follows.
fn keys(text: &str) -> Result<(Vec<String>, &str), String> {
    let mut keys = Vec::new();
    let mut rest = text;
    while let (Some(key), tail) = key(rest)? {
        keys.push(key);
        rest = tail;
    }
    Ok((keys, rest))
}

/// `["key"]`, `['key']` or `[key]` at the start of `text`, if there is one, and what follows.
fn key(text: &str) -> Result<(Option<String>, &str), String> {
    let Some(inside) = text.strip_prefix('[') else {
        return Ok((None, text));
    };
    let inside = inside.trim_start();
    let (key, rest) = match quoted(inside)? {
        Some((key, rest)) => (key, rest.trim_start()),
        None => {
            let end = inside.find(']').unwrap_or(inside.len());
            let (key, rest) = inside.split_at_checked(end).unwrap_or((inside, ""));
            (key.trim_end().to_owned(), rest)
        }
    };
    match rest.strip_prefix(']') {
        Some(rest) if !key.is_empty() => Ok((Some(key), rest)),
        _ => Err(format!("found `{}`, allowed is [\"a key\"]", shorten(text))),
    }
}

/// A quoted text at the start of `text`, if there is one, without its quotes, and what follows. A
/// backslash takes the next character as it is.
fn quoted(text: &str) -> Result<Option<(String, &str)>, String> {
    let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) else {
        return Ok(None);
    };
    let mut value = String::new();
    let mut chars = text.chars();
    chars.next();
    while let Some(c) = chars.next() {
        match c {
            _ if c == quote => return Ok(Some((value, chars.as_str()))),
            '\\' => value.extend(chars.next()),
            _ => value.push(c),
        }
    }
    Err(format!("found `{}` without its closing quote", shorten(text)))
}

fn unknown(name: &str, keys: &[String], text: &str) -> String {
    let mut allowed: Vec<String> = KEYED.iter().map(|name| format!("{name}[..]")).collect();
    allowed.push(PATH.to_owned());
    allowed.extend(HEADERS.iter().map(|(name, _)| (*name).to_owned()));
    allowed.extend(HostAttribute::names());
    let found = match name {
        "" => shorten(text),
        name if keys.len() > 1 => [&shorten(name), "[..][..]"].concat(),
        name => shorten(name),
    };
    format!("found `{found}`, allowed is {} or \"a text\"", allowed.join(", "))
}

fn shorten(text: &str) -> String {
    const LONGEST: usize = 64;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}
