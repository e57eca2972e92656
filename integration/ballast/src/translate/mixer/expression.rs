//! Mixer's expressions: conditions on attributes, and values.

/// A condition that has to be met.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Clause {
    /// E.g. `source.labels["app"]`.
    pub(crate) attribute: String,
    /// One of these values; `x*` and `*x` as in Mixer's `match`.
    pub(crate) values: Vec<String>,
    pub(crate) is_negated: bool,
}

/// Reads a rule's `match`: conditions joined with `&&`. What it cannot read it returns as it is.
pub(crate) fn conditions(text: &str) -> Result<Vec<Clause>, String> {
    let text = text.trim();
    if text.is_empty() || text == "true" {
        return Ok(Vec::new());
    }
    split(text, "&&").into_iter().map(alternatives).collect()
}

/// `a == "x" || a == "y"` is one clause with two values.
fn alternatives(text: &str) -> Result<Clause, String> {
    let text = unwrapped(text.trim());
    let mut clauses = split(text, "||").into_iter().map(|part| clause(unwrapped(part.trim())));
    let mut first = clauses.next().unwrap_or_else(|| Err(text.to_owned()))?;
    for clause in clauses {
        let clause = clause?;
        let joins = clause.attribute == first.attribute && !clause.is_negated && !first.is_negated;
        if !joins {
            return Err(text.to_owned());
        }
        first.values.extend(clause.values);
    }
    Ok(first)
}

fn clause(text: &str) -> Result<Clause, String> {
    let failed = || text.to_owned();
    if let Some(inner) = text.strip_prefix('!') {
        return Ok(negated(clause(unwrapped(inner.trim()))?));
    }
    for (operator, is_negated) in [("==", false), ("!=", true)] {
        let parts = split(text, operator);
        let [left, right] = parts.as_slice() else { continue };
        let (left, right) = (unwrapped(left.trim()), right.trim());
        return match (right, literal(right)) {
            ("true", _) => clause(left).map(|one| if is_negated { negated(one) } else { one }),
            ("false", _) => clause(left).map(|one| if is_negated { one } else { negated(one) }),
            (_, Some(value)) => {
                Ok(Clause { attribute: attribute(left)?, values: vec![value], is_negated })
            }
            _ => Err(failed()),
        };
    }
    if let Some(arguments) = call(text, "match") {
        let parts = split(arguments, ",");
        let [left, right] = parts.as_slice() else { return Err(failed()) };
        let value = literal(right.trim()).ok_or_else(failed)?;
        return Ok(Clause {
            attribute: attribute(left.trim())?,
            values: vec![value],
            is_negated: false,
        });
    }
    for (method, before, after) in [("startsWith", "", "*"), ("endsWith", "*", "")] {
        let Some((left, rest)) = text.split_once(&format!(".{method}(")) else { continue };
        let value = rest.strip_suffix(')').and_then(|value| literal(value.trim()));
        let value = format!("{before}{}{after}", value.ok_or_else(failed)?);
        return Ok(Clause { attribute: attribute(left)?, values: vec![value], is_negated: false });
    }
    Err(failed())
}

fn negated(mut clause: Clause) -> Clause {
    clause.is_negated = !clause.is_negated;
    clause
}

/// An attribute alone; with a default it is the attribute that counts.
fn attribute(text: &str) -> Result<String, String> {
    let first = split(text, "|").first().map_or(text, |first| first.trim()).to_owned();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-[]\"'".contains(c);
    if first.chars().all(is_name) && !first.is_empty() { Ok(first) } else { Err(text.to_owned()) }
}

/// `"text"`.
fn literal(text: &str) -> Option<String> {
    let inner = text.strip_prefix('"')?.strip_suffix('"')?;
    (!inner.contains('"')).then(|| inner.to_owned())
}

/// The arguments of `name(…)`, if that is all there is.
fn call<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    text.strip_prefix(name)?.trim_start().strip_prefix('(')?.strip_suffix(')')
}

/// Without the parentheses around all of it.
fn unwrapped(text: &str) -> &str {
    let inner = text.strip_prefix('(').and_then(|text| text.strip_suffix(')'));
    match inner {
        Some(inner) if is_balanced(inner) => unwrapped(inner.trim()),
        _ => text,
    }
}

fn is_balanced(text: &str) -> bool {
    let mut depth = 0i32;
    for c in text.chars() {
        depth += match c {
            '(' => 1,
            ')' => -1,
            _ => 0,
        };
        if depth < 0 {
            return false;
        }
    }
    depth == 0
}

/// Splits at a separator outside quotes, brackets and parentheses.
pub(crate) fn split<'t>(text: &'t str, separator: &str) -> Vec<&'t str> {
    let (mut parts, mut start, mut depth, mut is_quoted) = (Vec::new(), 0, 0i32, false);
    let mut skip_to = 0;
    for (at, c) in text.char_indices() {
        if at < skip_to {
            continue;
        }
        match c {
            '"' => is_quoted = !is_quoted,
            '(' | '[' if !is_quoted => depth += 1,
            ')' | ']' if !is_quoted => depth -= 1,
            _ => {}
        }
        let here = text.get(at..).is_some_and(|rest| rest.starts_with(separator));
        // `|` is not half of `||`.
        let is_double =
            separator == "|" && text.get(at..).is_some_and(|rest| rest.starts_with("||"));
        if is_double {
            skip_to = at + 2;
        } else if here && depth == 0 && !is_quoted {
            parts.extend(text.get(start..at));
            start = at + separator.len();
            skip_to = start;
        }
    }
    parts.extend(text.get(start..));
    parts
}

/// Mixer's names of attributes, and ours.
const RENAMED: [(&str, &str); 12] = [
    ("destination.name", "destination.labels[\"app\"]"),
    ("destination.service.host", "destination.service"),
    ("destination.workload.name", "destination.labels[\"app\"]"),
    ("destination.workload.namespace", "destination.namespace"),
    ("request.auth.claims", "request.auth.claims"),
    ("request.url_path", "request.path"),
    ("request.user_agent", "request.useragent"),
    ("source.name", "source.workload"),
    ("source.user", "source.principal"),
    ("source.workload.name", "source.workload"),
    ("source.workload.namespace", "source.namespace"),
    ("api.protocol", "request.protocol"),
];

/// A value's expression in our words: the terms that we have, and those that we have not.
pub(crate) fn value(text: &str) -> (Option<String>, Vec<String>) {
    let (mut ours, mut unknown) = (Vec::new(), Vec::new());
    for term in split(text, "|") {
        let term = term.trim();
        let renamed = renamed(term);
        if attributes::Expression::parse(&renamed).is_ok() {
            ours.push(renamed);
        } else {
            unknown.push(term.to_owned());
        }
    }
    // A default alone would make all requests one.
    let has_attribute = ours.iter().any(|term| !term.starts_with('"'));
    (has_attribute.then(|| ours.join(" | ")), unknown)
}

/// An attribute under our name.
pub(crate) fn renamed(term: &str) -> String {
    // `source.ip` is bytes in Mixer, and written `ip(…)` or `string(…)` where a text is wanted.
    let term = ["ip", "string"].iter().find_map(|name| call(term, name)).unwrap_or(term);
    let known = RENAMED.iter().find(|(mixers, _)| *mixers == term);
    known.map_or_else(|| term.to_owned(), |(_, ours)| (*ours).to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Vec<(String, Vec<String>, bool)> {
        let clauses = conditions(text).unwrap().into_iter();
        clauses.map(|one| (one.attribute, one.values, one.is_negated)).collect()
    }

    fn clause(attribute: &str, values: &[&str], is_negated: bool) -> (String, Vec<String>, bool) {
        let values = values.iter().map(|value| (*value).to_owned()).collect();
        (attribute.to_owned(), values, is_negated)
    }

    #[test]
    fn conditions_are_attributes_and_values() {
        assert_eq!(
            read(
                r#"destination.labels["app"] == "preference" && source.labels["app"]=="customer""#
            ),
            [
                clause(r#"destination.labels["app"]"#, &["preference"], false),
                clause(r#"source.labels["app"]"#, &["customer"], false),
            ]
        );
        assert_eq!(
            read(r#"match(request.headers["cookie"], "user=*") == false"#),
            [clause(r#"request.headers["cookie"]"#, &["user=*"], true)]
        );
        assert_eq!(
            read(
                r#"(source.namespace | "" != "a&&b") && (request.path.startsWith("/x") || request.path.endsWith("y"))"#
            ),
            [
                clause("source.namespace", &["a&&b"], true),
                clause("request.path", &["/x*", "*y"], false)
            ]
        );
        assert_eq!(read("true"), []);
        assert_eq!(read(r#"!(a == "b")"#), [clause("a", &["b"], true)]);
        for unknown in [r#"a == "x" || b == "y""#, "f(a)", "a == b", "a > 5", r#"a.matches("x")"#] {
            assert!(conditions(unknown).is_err(), "{unknown}");
        }
    }

    #[test]
    fn values_lose_only_what_we_have_not() {
        let (ours, unknown) = value(
            r#"source.labels["app"] | source.service | request.headers["x-app"] | "unknown""#,
        );
        let expected = r#"source.labels["app"] | request.headers["x-app"] | "unknown""#;
        assert_eq!((ours.as_deref(), unknown), (Some(expected), vec!["source.service".to_owned()]));
        assert_eq!(value(r#"source.uid | "none""#).0, None);
        assert_eq!(value("ip(source.ip)").0.as_deref(), Some("source.ip"));
    }
}
