//! Sorting entries by their bytes.
//!
//! The standard library's sort would be 6 KB for each length of entry in every module that has it.
//! This one is a fraction of that, needs no memory, and a million entries take it no longer.

/// Fewer entries than this are put in order one by one.
const FEW: usize = 24;

/// Sorts entries whose bytes before `byte` are all the same (American flag sort).
#[inline(never)]
pub(super) fn sort<const N: usize>(entries: &mut [[u8; N]], byte: usize) {
    if entries.len() < FEW || byte >= N {
        return insert(entries);
    }
    let digit = |entry: &[u8; N]| usize::from(entry.get(byte).copied().unwrap_or_default());
    // For every digit, where its next entry goes, and where its entries end.
    let mut places = [(0_usize, 0_usize); 256];
    for entry in &*entries {
        if let Some((_, end)) = places.get_mut(digit(entry)) {
            *end += 1;
        }
    }
    let mut begin = 0;
    for (next, end) in &mut places {
        *next = begin;
        *end += begin;
        begin = *end;
    }
    for wanted in 0..places.len() {
        // Every turn puts one entry where it belongs.
        while let Some((at, end)) = places.get(wanted).copied()
            && at < end
        {
            let Some(found) = entries.get(at).map(digit) else { return };
            if let Some((next, _)) = places.get_mut(found) {
                entries.swap(at, *next);
                *next += 1;
            }
        }
    }
    for of_digit in entries.chunk_by_mut(|a, b| digit(a) == digit(b)) {
        sort(of_digit, byte + 1);
    }
}

fn insert<const N: usize>(entries: &mut [[u8; N]]) {
    for end in 1..=entries.len() {
        let Some(sorted) = entries.get_mut(..end) else { return };
        let mut hole = sorted.iter_mut().rev();
        let Some(mut later) = hole.next() else { return };
        for earlier in hole {
            if *earlier <= *later {
                break;
            }
            std::mem::swap(earlier, later);
            later = earlier;
        }
    }
}
