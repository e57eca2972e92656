//! C's `memcmp`, eight bytes at once.
//!
//! Rust compares slices by it, the linker's goes byte by byte, and every rule about a header compares
//! names and values.

#[cfg(test)]
mod tests;

/// Negative, zero or positive, as the first byte that differs says.
///
/// # Safety
/// So many bytes can be read from both.
#[cfg_attr(target_arch = "wasm32", unsafe(no_mangle))]
#[cfg_attr(not(test), allow(dead_code, reason = "called by compiled code"))]
#[inline(never)]
pub(crate) unsafe extern "C" fn memcmp(left: *const u8, right: *const u8, size: usize) -> i32 {
    if size < 8 {
        for place in 0..size {
            // SAFETY: within both, as the caller promises.
            let (one, other) = unsafe { (*left.wrapping_add(place), *right.wrapping_add(place)) };
            if one != other {
                return i32::from(one) - i32::from(other);
            }
        }
        return 0;
    }
    let word = |from: *const u8, place: usize| {
        // SAFETY: within both, as the caller promises: `place` is at most eight before the end.
        unsafe { from.wrapping_add(place).cast::<u64>().read_unaligned() }
    };
    let mut place = 0;
    loop {
        let (one, other) = (word(left, place), word(right, place));
        if one != other {
            // The lowest byte of a word is the first one.
            let first = (one ^ other).trailing_zeros() & !7;
            return (one >> first & 0xff) as i32 - (other >> first & 0xff) as i32;
        }
        // The last word may reach back into what was compared already.
        if place + 8 >= size {
            return 0;
        }
        place = (place + 8).min(size - 8);
    }
}
