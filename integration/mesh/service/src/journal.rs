//! What the application received, for those who want to know what a sidecar did to it.

use crate::http1::Message;
use std::collections::VecDeque;
use std::time::Instant;

/// How many requests are remembered; older ones are forgotten.
const CAPACITY: usize = 2000;

/// One request.
struct Entry {
    at: Instant,
    request: String,
}

/// The latest requests, oldest first.
#[derive(Default)]
pub(crate) struct Journal(VecDeque<Entry>);

impl Journal {
    pub(crate) fn add(&mut self, request: &Message) {
        if self.0.len() == CAPACITY {
            self.0.pop_front();
        }
        self.0.push_back(Entry { at: Instant::now(), request: fields(request) });
    }

    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// A JSON list.
    pub(crate) fn to_json(&self) -> String {
        let entries: Vec<String> = self
            .0
            .iter()
            .map(|entry| {
                format!("{{\"ago_ms\":{},{}}}", entry.at.elapsed().as_millis(), entry.request)
            })
            .collect();
        format!("[{}]", entries.join(",\n"))
    }
}

fn fields(request: &Message) -> String {
    let pairs: Vec<String> = request
        .headers
        .iter()
        .map(|(name, value)| {
            format!("[{},{}]", quoted(name), quoted(&String::from_utf8_lossy(value)))
        })
        .collect();
    format!(
        "\"method\":{},\"path\":{},\"headers\":[{}]",
        quoted(request.method()),
        quoted(request.path()),
        pairs.join(",")
    )
}

/// A JSON string.
pub(crate) fn quoted(text: &str) -> String {
    let mut quoted = String::from('"');
    for character in text.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            control if control < ' ' => quoted.push_str(&format!("\\u{:04x}", control as u32)),
            plain => quoted.push(plain),
        }
    }
    quoted.push('"');
    quoted
}

#[cfg(test)]
mod tests {
    use super::{CAPACITY, Journal, quoted};
    use crate::http1::Message;

    #[test]
    fn the_latest_requests_are_kept() {
        let mut journal = Journal::default();
        for number in 0..=CAPACITY {
            let start = ["GET".to_owned(), format!("/{number}."), String::new()];
            let headers = vec![("x-a".to_owned(), vec![0xff])];
            journal.add(&Message { start, headers, body: Vec::new() });
        }
        let json = journal.to_json();
        assert!(!json.contains("/0.") && json.contains("/1.") && json.contains("/2000."));
        assert!(json.contains("[\"x-a\",\"\u{fffd}\"]"), "{json}");
        journal.clear();
        assert_eq!(journal.to_json(), "[]");
    }

    #[test]
    fn text_is_escaped() {
        assert_eq!(quoted("a\"b\\c\n"), "\"a\\\"b\\\\c\\u000a\"");
    }
}
