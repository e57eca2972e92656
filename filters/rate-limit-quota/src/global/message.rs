//! The messages of Envoy's `RateLimitService` (`envoy/service/ratelimit/v3/rls.proto`), by hand: they
//! are a few fields.
//!
//! ```text
//! RateLimitRequest    { domain 1; repeated RateLimitDescriptor descriptors 2; uint32 hits_addend 3 }
//! RateLimitDescriptor { repeated Entry { key 1; value 2 } entries 1; Limit { uint32 requests_per_unit 1; unit 2 } limit 2 }
//! RateLimitResponse   { Code overall_code 1; repeated DescriptorStatus statuses 2 }
//! DescriptorStatus    { Code code 1; RateLimit current_limit 2; uint32 limit_remaining 3; Duration { seconds 1 } duration_until_reset 4 }
//! ```

pub(super) const SERVICE: &str = "envoy.service.ratelimit.v3.RateLimitService";
pub(super) const METHOD: &str = "ShouldRateLimit";

const OK: u64 = 1;
const OVER_LIMIT: u64 = 2;

/// What the service answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) is_granted: bool,
    /// Units left in the window.
    pub(super) remaining: u64,
    /// Seconds until the window ends, rounded up.
    pub(super) reset_seconds: Option<u64>,
}

/// A descriptor with its own limit, so that the service needs no rules. `parts` are names and values.
pub(crate) fn descriptor<'p>(
    parts: impl Iterator<Item = (&'p [u8], &'p [u8])>,
    per_unit: u64,
    unit: u8,
) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (name, value) in parts {
        let mut entry = Vec::new();
        text(&mut entry, 1, &printable(name));
        text(&mut entry, 2, &printable(value));
        text(&mut bytes, 1, &entry);
    }
    let mut limit = Vec::new();
    number(&mut limit, 1, per_unit);
    number(&mut limit, 2, unit.into());
    text(&mut bytes, 2, &limit);
    bytes
}

/// A request for `units` of a descriptor.
pub(super) fn request(domain: &str, descriptor: &[u8], units: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    text(&mut bytes, 1, domain.as_bytes());
    text(&mut bytes, 2, descriptor);
    number(&mut bytes, 3, units);
    bytes
}

/// The answer about the one descriptor; `None` where it is none.
pub(super) fn answer(bytes: &[u8]) -> Option<Answer> {
    let mut statuses = fields(bytes).filter_map(|field| match field? {
        (2, Value::Bytes(status)) => Some(status),
        _ => None,
    });
    let status = statuses.next()?;
    let (mut code, mut remaining, mut reset_seconds) = (0, 0, None);
    for field in fields(status) {
        match field? {
            (1, Value::Number(value)) => code = value,
            (3, Value::Number(value)) => remaining = value,
            (4, Value::Bytes(duration)) => {
                reset_seconds = fields(duration).find_map(|field| match field? {
                    (1, Value::Number(seconds)) => Some(seconds),
                    _ => None,
                });
            }
            _ => {}
        }
    }
    let is_granted = match code {
        OK => true,
        OVER_LIMIT => false,
        _ => return None,
    };
    Some(Answer { is_granted, remaining, reset_seconds })
}

enum Value<'a> {
    Number(u64),
    Bytes(&'a [u8]),
}

/// Every field with its number; `Some(None)` once where the message breaks off.
fn fields(bytes: &[u8]) -> impl Iterator<Item = Option<(u64, Value<'_>)>> {
    let mut rest = Some(bytes);
    std::iter::from_fn(move || {
        let bytes = rest.filter(|bytes| !bytes.is_empty())?;
        let field = field(bytes);
        rest = field.as_ref().map(|(_, _, tail)| *tail);
        Some(field.map(|(number, value, _)| (number, value)))
    })
}

fn field(bytes: &[u8]) -> Option<(u64, Value<'_>, &[u8])> {
    let (tag, rest) = varint(bytes)?;
    let (value, rest) = match tag & 7 {
        0 => {
            let (value, rest) = varint(rest)?;
            (Value::Number(value), rest)
        }
        1 => (Value::Number(0), rest.get(8..)?),
        2 => {
            let (length, rest) = varint(rest)?;
            let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            (Value::Bytes(value), rest)
        }
        5 => (Value::Number(0), rest.get(4..)?),
        _ => return None,
    };
    Some((tag >> 3, value, rest))
}

/// Seven bits a byte, the lowest first; ten bytes at the most.
fn varint(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let mut value = 0;
    let mut rest = bytes;
    for shift in (0..64).step_by(7) {
        let (byte, tail) = rest.split_first()?;
        value |= u64::from(byte & 0x7f) << shift;
        rest = tail;
        if byte & 0x80 == 0 {
            return Some((value, rest));
        }
    }
    None
}

fn put_varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push((value & 0x7f) as u8 | 0x80);
        value >>= 7;
    }
    bytes.push(value as u8);
}

fn number(bytes: &mut Vec<u8>, field: u64, value: u64) {
    put_varint(bytes, field << 3);
    put_varint(bytes, value);
}

fn text(bytes: &mut Vec<u8>, field: u64, value: &[u8]) {
    put_varint(bytes, field << 3 | 2);
    put_varint(bytes, value.len() as u64);
    bytes.extend_from_slice(value);
}

/// Text that is UTF-8 whatever a client sent: anything but visible ASCII, and `%` itself, as `%XX`. The
/// service refuses a message with other text, and then nobody would be limited.
fn printable(value: &[u8]) -> Vec<u8> {
    const DIGITS: [u8; 16] = *b"0123456789ABCDEF";
    let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or(b'0');
    let mut text = Vec::with_capacity(value.len());
    for byte in value {
        if byte.is_ascii_graphic() && *byte != b'%' {
            text.push(*byte);
        } else {
            text.extend_from_slice(&[b'%', digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
    text
}
