//! Hex and decimal, strictly: these are ids, not numbers, and every format has its own letter case,
//! lengths and padding.

use crate::context::TraceId;

#[cfg(test)]
mod tests;

/// Reads fields one after the other.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cursor<'a>(pub(crate) &'a [u8]);

impl<'a> Cursor<'a> {
    /// Exactly so many lower-case hex digits, at most 16.
    pub(crate) fn hex(&mut self, digits: usize) -> Option<u64> {
        let (field, rest) = self.0.split_at_checked(digits)?;
        self.0 = rest;
        hex(field)
    }

    /// 32 lower-case hex digits.
    pub(crate) fn trace_id(&mut self) -> Option<TraceId> {
        Some(TraceId { high: self.hex(16)?, low: self.hex(16)? })
    }

    /// Exactly this byte.
    pub(crate) fn byte(&mut self, expected: u8) -> Option<()> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        (*first == expected).then_some(())
    }

    /// Nothing more.
    pub(crate) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }

    /// What is left.
    pub(crate) fn rest(self) -> &'a [u8] {
        self.0
    }
}

/// One to sixteen lower-case hex digits.
pub(crate) fn hex(field: &[u8]) -> Option<u64> {
    if let (&[upper, lower], []) = field.as_chunks::<8>() {
        return Some(u64::from(eight(upper)?) << 32 | u64::from(eight(lower)?));
    }
    if field.is_empty() || field.len() > 16 {
        return None;
    }
    let mut value = 0;
    for byte in field {
        let digit = match byte {
            b'0'..=b'9' => byte - b'0',
            b'a'..=b'f' => byte - b'a' + 10,
            _ => return None,
        };
        value = value << 4 | u64::from(digit);
    }
    Some(value)
}

/// Bytes that are all the same.
const ONES: u64 = u64::MAX / 0xff;
const TOPS: u64 = ONES << 7;

/// The top bit of each of eight bytes below 0x80 that is `from` or more.
fn at_least(text: u64, from: u8) -> u64 {
    // No sum reaches into its neighbour.
    (text + ONES * u64::from(0x80 - from)) & TOPS
}

/// Whether eight bytes are hex digits, in either case.
pub(crate) fn are_hex(text: u64) -> bool {
    if text & TOPS != 0 {
        return false;
    }
    let lower = text | (ONES * 0x20);
    let is_letter = at_least(lower, b'a') & !at_least(lower, b'g');
    let is_digit = at_least(text, b'0') & !at_least(text, b'9' + 1);
    is_letter | is_digit == TOPS
}

/// Eight lower-case hex digits at once: most of what is read on every request.
fn eight(digits: [u8; 8]) -> Option<u32> {
    let text = u64::from_le_bytes(digits);
    if text & TOPS != 0 {
        return None;
    }
    let is_letter = at_least(text, b'a') & !at_least(text, b'g');
    let is_digit = at_least(text, b'0') & !at_least(text, b'9' + 1);
    if is_letter | is_digit != TOPS {
        return None;
    }
    // Of a letter the low four bits are nine less than its value.
    let mut value = (text & (ONES * 0xf)) + (is_letter >> 7) * 9;
    // The first digit is the lowest byte, and stands for the highest four bits.
    value = (value << 4 | value >> 8) & 0x00ff_00ff_00ff_00ff;
    value = (value << 8 | value >> 16) & 0x0000_ffff_0000_ffff;
    Some((value << 16 | value >> 32) as u32)
}

/// 16 or 32 lower-case hex digits, not all zero.
pub(crate) fn trace_id(field: &[u8]) -> Option<TraceId> {
    let id = match field.len() {
        16 => TraceId { high: 0, low: hex(field)? },
        32 => Cursor(field).trace_id()?,
        _ => return None,
    };
    (!id.is_zero()).then_some(id)
}

/// One to 32 lower-case hex digits, not all zero.
pub(crate) fn unpadded_trace_id(field: &[u8]) -> Option<TraceId> {
    let split = field.len().saturating_sub(16);
    let (high, low) = field.split_at_checked(split)?;
    let high = if high.is_empty() { 0 } else { hex(high)? };
    let id = TraceId { high, low: hex(low)? };
    (!id.is_zero()).then_some(id)
}

/// 16 lower-case hex digits, not all zero.
pub(crate) fn span_id(field: &[u8]) -> Option<u64> {
    let id = if field.len() == 16 { hex(field)? } else { 0 };
    (id != 0).then_some(id)
}

/// Decimal digits only, within 64 bits.
pub(crate) fn decimal(field: &[u8]) -> Option<u64> {
    if field.is_empty() {
        return None;
    }
    field.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(*byte & 0xf))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}

/// Writes the last so many of 16 lower-case hex digits.
pub(crate) fn push_hex(text: &mut Vec<u8>, value: u64, digits: usize) {
    let lower = eight_text(value as u32);
    if digits <= 8 {
        return text.extend_from_slice(lower.get(8 - digits..).unwrap_or_default());
    }
    let upper = eight_text((value >> 32) as u32);
    text.extend_from_slice(upper.get(16_usize.saturating_sub(digits)..).unwrap_or_default());
    text.extend_from_slice(&lower);
}

/// Eight lower-case hex digits at once.
fn eight_text(value: u32) -> [u8; 8] {
    let mut digits = u64::from(value);
    // The highest four bits are the first digit, which is the lowest byte.
    digits = (digits >> 16 | digits << 32) & 0x0000_ffff_0000_ffff;
    digits = (digits >> 8 | digits << 16) & 0x00ff_00ff_00ff_00ff;
    digits = (digits >> 4 | digits << 8) & (ONES * 0xf);
    let is_letter = (digits + ONES * 6) >> 4 & ONES;
    (digits + ONES * u64::from(b'0') + is_letter * u64::from(b'a' - b'0' - 10)).to_le_bytes()
}

/// Writes 32 lower-case hex digits.
pub(crate) fn push_trace_id(text: &mut Vec<u8>, id: TraceId) {
    push_hex(text, id.high, 16);
    push_hex(text, id.low, 16);
}

/// Writes 16 digits for a 64-bit id, 32 for a longer one.
pub(crate) fn push_short_trace_id(text: &mut Vec<u8>, id: TraceId) {
    if id.high != 0 {
        push_hex(text, id.high, 16);
    }
    push_hex(text, id.low, 16);
}

/// A number in decimal digits.
pub(crate) fn decimal_text(mut value: u64) -> Vec<u8> {
    let mut text = Vec::with_capacity(20);
    loop {
        text.push(b'0' + (value % 10) as u8);
        value /= 10;
        if value == 0 {
            text.reverse();
            return text;
        }
    }
}

/// Without spaces and tabs at both ends.
pub(crate) fn trim(mut text: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = text {
        text = rest;
    }
    text
}
