//! A header map with Envoy's rules: lower-case names, arrival order, inline headers merged into one entry.

use crate::bytes::u32_at;

/// Names and values as bytes, in order.
pub type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

/// Which rules a map follows: what is inline differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MapKind {
    /// Request headers.
    Request,
    /// Response headers.
    Response,
    /// Trailers and gRPC metadata.
    Other,
}

/// Headers that Envoy keeps in one entry each: a second value is appended with a comma.
const INLINE_REQUEST: &[&[u8]] = &[
    b"accept",
    b"accept-encoding",
    b"access-control-request-method",
    b"authorization",
    b"cache-control",
    b"expect",
    b"forwarded",
    b"grpc-accept-encoding",
    b"grpc-timeout",
    b"if-match",
    b"if-modified-since",
    b"if-none-match",
    b"if-unmodified-since",
    b"origin",
    b"pragma",
    b"referer",
    b"te",
    b"user-agent",
    b"x-client-trace-id",
    b"x-forwarded-client-cert",
    b"x-forwarded-for",
    b"x-forwarded-host",
    b"x-forwarded-port",
    b"x-forwarded-proto",
    b"x-ot-span-context",
];

const INLINE_RESPONSE: &[&[u8]] = &[
    b"age",
    b"cache-control",
    b"content-encoding",
    b"date",
    b"etag",
    b"expires",
    b"grpc-message",
    b"grpc-status",
    b"last-modified",
    b"location",
    b"server",
    b"vary",
];

const INLINE_BOTH: &[&[u8]] = &[
    b"connection",
    b"content-length",
    b"content-type",
    b"keep-alive",
    b"proxy-connection",
    b"proxy-status",
    b"transfer-encoding",
    b"upgrade",
    b"via",
    b"x-request-id",
];

/// Headers in Envoy's order. Two maps are equal when their entries are, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderMap {
    kind: MapKind,
    entries: Pairs,
}

impl HeaderMap {
    /// An empty map.
    pub fn new(kind: MapKind) -> Self {
        Self { kind, entries: Vec::new() }
    }

    /// A map of `pairs` added one by one, as they would arrive.
    pub fn from_pairs<K: AsRef<[u8]>, V: AsRef<[u8]>>(
        kind: MapKind,
        pairs: impl IntoIterator<Item = (K, V)>,
    ) -> Self {
        let mut map = Self::new(kind);
        for (name, value) in pairs {
            map.add(name.as_ref(), value.as_ref());
        }
        map
    }

    /// Envoy's lookup form of a name: lower case, and `host` of a request is `:authority`.
    fn key(&self, name: &[u8]) -> Vec<u8> {
        let lower = name.to_ascii_lowercase();
        if self.kind == MapKind::Request && lower == b"host" {
            b":authority".to_vec()
        } else {
            lower
        }
    }

    fn is_inline(&self, key: &[u8]) -> bool {
        key.starts_with(b":")
            // Envoy's own; but what asks for a fault is any header to it.
            || (key.starts_with(b"x-envoy-") && !key.starts_with(b"x-envoy-fault-"))
            || INLINE_BOTH.contains(&key)
            || match self.kind {
                MapKind::Request => INLINE_REQUEST.contains(&key),
                MapKind::Response => INLINE_RESPONSE.contains(&key),
                MapKind::Other => false,
            }
    }

    /// Adds a value. An inline header that exists gets `,value` appended; a pseudo header goes before the others.
    pub fn add(&mut self, name: &[u8], value: &[u8]) {
        let key = self.key(name);
        if self.is_inline(&key)
            && let Some((_, existing)) =
                self.entries.iter_mut().find(|(existing, _)| *existing == key)
        {
            if !existing.is_empty() {
                existing.push(b',');
            }
            existing.extend_from_slice(value);
            return;
        }
        if key.starts_with(b":") {
            let end = self.entries.iter().take_while(|(name, _)| name.starts_with(b":")).count();
            self.entries.insert(end, (key, value.to_vec()));
        } else {
            self.entries.push((key, value.to_vec()));
        }
    }

    /// Removes every value of `name` and adds this one, at the end.
    pub fn set(&mut self, name: &[u8], value: &[u8]) {
        self.remove(name);
        self.add(name, value);
    }

    /// Removes every value of `name`.
    pub fn remove(&mut self, name: &[u8]) {
        let key = self.key(name);
        self.entries.retain(|(existing, _)| *existing != key);
    }

    /// The first value of `name`: Envoy's `get` reads no other.
    pub fn get(&self, name: &[u8]) -> Option<&[u8]> {
        let key = self.key(name);
        self.entries
            .iter()
            .find(|(existing, _)| *existing == key)
            .map(|(_, value)| value.as_slice())
    }

    /// Every value of `name`, joined by commas, as CEL sees it.
    pub fn joined(&self, name: &[u8]) -> Option<Vec<u8>> {
        let key = self.key(name);
        let values: Vec<&[u8]> = self
            .entries
            .iter()
            .filter(|(existing, _)| *existing == key)
            .map(|(_, value)| value.as_slice())
            .collect();
        (!values.is_empty()).then(|| values.join(&b','))
    }

    /// All entries in order.
    pub fn pairs(&self) -> &Pairs {
        &self.entries
    }

    /// Replaces all entries.
    pub(crate) fn replace_all(&mut self, pairs: Pairs) {
        self.entries.clear();
        for (name, value) in pairs {
            self.add(&name, &value);
        }
    }

    /// The sum of the lengths of names and values in bytes.
    pub fn byte_size(&self) -> usize {
        self.entries.iter().map(|(name, value)| name.len() + value.len()).sum()
    }

    /// Entries that would split or corrupt a message on the wire: NUL, CR or LF in a value, an empty or bad name.
    pub fn invalid_entries(&self) -> Pairs {
        let bad_name = |name: &[u8]| {
            let token = name.strip_prefix(b":").unwrap_or(name);
            token.is_empty()
                || token.iter().any(|b| !b.is_ascii_graphic() || b"\"(),/:;<=>?@[\\]{}".contains(b))
        };
        self.entries
            .iter()
            .filter(|(name, value)| bad_name(name) || splits_message(value))
            .cloned()
            .collect()
    }
}

/// NUL, CR or LF in a header value: on the wire it ends the line, or the message.
pub(crate) fn splits_message(value: &[u8]) -> bool {
    value.iter().any(|byte| matches!(byte, 0 | b'\r' | b'\n'))
}

/// The ABI's encoding of header pairs: count, sizes, then each name and value followed by NUL. No pairs: no bytes.
pub fn encode_pairs<K: AsRef<[u8]>, V: AsRef<[u8]>>(pairs: &[(K, V)]) -> Vec<u8> {
    if pairs.is_empty() {
        return Vec::new();
    }
    let size = |len: usize| u32::try_from(len).unwrap_or(u32::MAX).to_le_bytes();
    let mut bytes = size(pairs.len()).to_vec();
    for (name, value) in pairs {
        bytes.extend(size(name.as_ref().len()));
        bytes.extend(size(value.as_ref().len()));
    }
    for (name, value) in pairs {
        for part in [name.as_ref(), value.as_ref()] {
            bytes.extend_from_slice(part);
            bytes.push(0);
        }
    }
    bytes
}

/// The pairs that [`encode_pairs`] wrote; truncated bytes are no pairs at all, as in Envoy.
pub fn decode_pairs(bytes: &[u8]) -> Pairs {
    read_pairs(bytes).unwrap_or_default()
}

fn read_pairs(bytes: &[u8]) -> Option<Pairs> {
    let count = usize::try_from(u32_at(bytes, 0)?).ok()?;
    let mut text = count.checked_mul(8)?.checked_add(4)?;
    bytes.get(..text)?;
    let mut pairs = Pairs::new();
    for index in 0..count {
        let mut part = |offset: usize| -> Option<Vec<u8>> {
            let len = usize::try_from(u32_at(bytes, 4 + 8 * index + offset)?).ok()?;
            let end = text.checked_add(len)?;
            let value = bytes.get(text..end)?.to_vec();
            text = end + 1;
            Some(value)
        };
        pairs.push((part(0)?, part(4)?));
    }
    Some(pairs)
}

#[cfg(test)]
mod tests;
