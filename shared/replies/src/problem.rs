//! Problem details as JSON (RFC 9457).

use crate::Problem;
use filter_api::RequestHead;
use std::fmt::Write as _;

/// The media type of problem details.
pub(crate) const MEDIA_TYPE: &str = "application/problem+json";

/// The document. `text` is its detail where the user wrote none.
pub(crate) fn document(problem: &Problem, status: u16, text: &str) -> Vec<u8> {
    let mut json = String::from("{");
    let texts = [("type", &problem.kind), ("title", &problem.title)];
    for (name, text) in texts {
        if let Some(text) = text {
            member(&mut json, name, text);
            json.push(',');
        }
    }
    json.push_str("\"status\":");
    json.push_str(&status.to_string());
    json.push(',');
    member(&mut json, "detail", problem.detail.as_deref().unwrap_or(text));
    json.push('}');
    json.into_bytes()
}

/// `"name":"text"`, the text escaped.
fn member(json: &mut String, name: &str, text: &str) {
    for part in ["\"", name, "\":\""] {
        json.push_str(part);
    }
    for c in text.chars() {
        match c {
            '"' | '\\' => json.extend(['\\', c]),
            // Writing to a text cannot fail.
            '\0'..='\u{1f}' => _ = write!(json, "\\u{:04x}", u32::from(c)),
            _ => json.push(c),
        }
    }
    json.push('"');
}

/// Whether the client names the media type of problem details or of JSON. Wildcards and quality
/// values are not looked at: a browser, which takes anything, is given the plain text.
pub(crate) fn is_accepted(request: &RequestHead<'_>) -> bool {
    request.headers().values(b"accept").any(|value| {
        value.split(|byte| *byte == b',').any(|range| {
            let media_type = range.split(|byte| *byte == b';').next().unwrap_or_default();
            let media_type = media_type.trim_ascii();
            media_type.eq_ignore_ascii_case(MEDIA_TYPE.as_bytes())
                || media_type.eq_ignore_ascii_case(b"application/json")
        })
    })
}
