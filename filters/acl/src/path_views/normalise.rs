//! Taking a path apart and putting it together again, as servers do.

use super::Clarity;
use attributes::percent_decode;

/// Layers of escapes that are taken off. What has more is nobody's honest path.
pub(super) const ROUNDS: usize = 4;

/// What servers may read.
pub(super) struct Readings {
    /// Escapes decoded once, nothing else.
    pub(super) decoded: Vec<u8>,
    /// Decoded once, `\` as `/`, dot segments resolved as RFC 3986 §5.2.4 does, then `//` merged:
    /// what Envoy does, and most frameworks.
    pub(super) resolved: Vec<u8>,
    /// All that is known: decoded until nothing changes, query and fragment cut, `\` as `/`, `;…`,
    /// blanks and dots at the end of segments taken off, `//` merged, then dot segments resolved.
    pub(super) normalised: Vec<u8>,
    pub(super) clarity: Clarity,
}

pub(super) fn read(raw: &[u8]) -> Readings {
    let decoded = percent_decode(raw).into_owned();
    let resolved = merge_slashes(&resolve_dots(&slashes(origin_form(&decoded))));
    let (plain, is_bottomless) = decode_all(decoded.clone());
    let normalised = normalise(&plain);
    let is_like_decoded = normalised == decoded && resolved == decoded;
    let clarity = if is_bottomless || is_unreadable(&decoded) || is_unreadable(&plain) {
        Clarity::Unreadable
    } else if !is_like_decoded || has_odd_escape(raw) || std::str::from_utf8(&plain).is_err() {
        Clarity::Ambiguous
    } else {
        Clarity::Clear
    };
    Readings { decoded, resolved, normalised, clarity }
}

/// Decodes until nothing changes; true where that takes more than [`ROUNDS`] in all.
fn decode_all(mut path: Vec<u8>) -> (Vec<u8>, bool) {
    for _ in 1..ROUNDS {
        let next = percent_decode(&path).into_owned();
        if next == path {
            return (path, false);
        }
        path = next;
    }
    let is_bottomless = *percent_decode(&path) != *path;
    (path, is_bottomless)
}

fn normalise(plain: &[u8]) -> Vec<u8> {
    let end = plain.iter().position(|byte| matches!(byte, b'?' | b'#')).unwrap_or(plain.len());
    let path = slashes(origin_form(plain.get(..end).unwrap_or_default()));
    let mut stripped = Vec::with_capacity(path.len());
    for (index, segment) in path.split(|byte| *byte == b'/').enumerate() {
        if index > 0 {
            stripped.push(b'/');
        }
        stripped.extend_from_slice(bare_segment(segment));
    }
    resolve_dots(&merge_slashes(&stripped))
}

/// A segment without parameters, and without the blanks and dots at its end that file systems
/// ignore. A segment of dots alone stays: `..` means something.
fn bare_segment(segment: &[u8]) -> &[u8] {
    let segment = segment.split(|byte| *byte == b';').next().unwrap_or_default();
    let bare = segment.trim_ascii_end();
    if bare.iter().all(|byte| *byte == b'.') {
        return bare;
    }
    let ignored = bare.iter().rev().take_while(|byte| matches!(byte, b'.' | b' ')).count();
    bare.len().checked_sub(ignored).and_then(|end| bare.get(..end)).unwrap_or_default()
}

/// The path of an absolute URI; anything else as it is.
fn origin_form(path: &[u8]) -> &[u8] {
    if path.starts_with(b"/") {
        return path;
    }
    let scheme = path.iter().position(|byte| *byte == b':');
    let rest = scheme.and_then(|at| path.get(at..)).and_then(|rest| rest.strip_prefix(b"://"));
    let Some(authority) = rest else { return path };
    let slash = authority.iter().position(|byte| *byte == b'/');
    slash.and_then(|at| authority.get(at..)).unwrap_or(b"/")
}

fn slashes(path: &[u8]) -> Vec<u8> {
    path.iter().map(|byte| if *byte == b'\\' { b'/' } else { *byte }).collect()
}

fn merge_slashes(path: &[u8]) -> Vec<u8> {
    let mut merged: Vec<u8> = Vec::with_capacity(path.len());
    for byte in path {
        if *byte != b'/' || merged.last() != Some(&b'/') {
            merged.push(*byte);
        }
    }
    merged
}

/// Without `.` and `..` segments. The last segment, if it is one of them, leaves its slash.
fn resolve_dots(path: &[u8]) -> Vec<u8> {
    if !path.starts_with(b"/") {
        return path.to_vec();
    }
    let mut kept: Vec<&[u8]> = Vec::new();
    let mut ends_in_dots = false;
    for segment in path.split(|byte| *byte == b'/').skip(1) {
        ends_in_dots = matches!(segment, b"." | b"..");
        match segment {
            b"." => {}
            b".." => {
                kept.pop();
            }
            _ => kept.push(segment),
        }
    }
    if ends_in_dots {
        kept.push(b"");
    }
    let mut resolved = Vec::with_capacity(path.len());
    for segment in &kept {
        resolved.push(b'/');
        resolved.extend_from_slice(segment);
    }
    if resolved.is_empty() {
        resolved.push(b'/');
    }
    resolved
}

/// Escapes that stand for a delimiter, or are none: what they mean depends on who reads them.
fn has_odd_escape(raw: &[u8]) -> bool {
    let mut rest = raw;
    while let [byte, tail @ ..] = rest {
        if *byte == b'%' {
            let escape = rest.get(..3).unwrap_or(rest);
            match percent_decode(escape).as_ref() {
                [b'/' | b'\\' | b'.' | b'%' | b';' | b'?' | b'#'] => return true,
                [_] => {}
                _ => return true,
            }
        }
        rest = tail;
    }
    false
}

/// A control character ends the path for a reader in C; an overlong sequence is `/` or `.` for a
/// careless decoder.
fn is_unreadable(path: &[u8]) -> bool {
    let is_overlong = |pair: &[u8]| {
        matches!(pair, [0xc0 | 0xc1, 0x80..=0xbf] | [0xe0, 0x80..=0x9f] | [0xf0, 0x80..=0x8f])
    };
    path.iter().any(u8::is_ascii_control) || path.windows(2).any(is_overlong)
}
