//! The module's memory: small pieces from lists of their own, everything else from the system.
//!
//! The system's allocator takes over two hundred instructions for a piece and its return; a request
//! needs several. A list of pieces of one size takes twenty. Pieces that were given back stay with
//! their list: a worker needs as many of them again.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::UnsafeCell;
use std::ptr;

#[cfg(test)]
mod tests;

/// Sizes of pieces differ by this.
const STEP: usize = 16;
/// How pieces are aligned.
const ALIGN: usize = 8;
const LISTS: usize = 64;
/// What new pieces are cut from.
const CHUNK: usize = 4096;

/// The allocator of a module, which has one thread.
pub(crate) struct Pieces(UnsafeCell<Lists>);

struct Lists {
    /// Pieces that were given back, the list of the smallest first.
    free: [*mut Free; LISTS],
    /// The rest of a chunk that no piece was cut from yet.
    fresh: *mut u8,
    left: usize,
}

/// A piece that was given back.
struct Free {
    next: *mut Free,
}

// SAFETY: a module has one thread.
unsafe impl Sync for Pieces {}

#[cfg(target_arch = "wasm32")]
#[global_allocator]
static PIECES: Pieces = Pieces::new();

impl Pieces {
    pub(crate) const fn new() -> Self {
        let free = [ptr::null_mut(); LISTS];
        Self(UnsafeCell::new(Lists { free, fresh: ptr::null_mut(), left: 0 }))
    }
}

impl Lists {
    #[inline]
    fn take(&mut self, list: usize) -> *mut u8 {
        match self.free.get_mut(list) {
            Some(first) if !first.is_null() => {
                let piece = *first;
                // SAFETY: what stands in a list was given back, and written by `give_back`.
                *first = unsafe { (*piece).next };
                piece.cast()
            }
            _ => self.cut((list + 1) * STEP),
        }
    }

    #[inline]
    fn give_back(&mut self, list: usize, piece: *mut u8) {
        if let Some(first) = self.free.get_mut(list) {
            let piece = piece.cast::<Free>();
            // SAFETY: nobody else has the piece, and it is large enough and aligned for this.
            unsafe { piece.write(Free { next: *first }) };
            *first = piece;
        }
    }

    /// A new piece. What is left of a chunk that is too small for it becomes a piece too.
    #[cold]
    #[inline(never)]
    fn cut(&mut self, size: usize) -> *mut u8 {
        if self.left < size {
            if let Some(list) = (self.left / STEP).checked_sub(1) {
                self.give_back(list, self.fresh);
            }
            self.left = 0;
            let Ok(layout) = Layout::from_size_align(CHUNK, ALIGN) else { return ptr::null_mut() };
            self.fresh = from_system(layout);
            if self.fresh.is_null() {
                return ptr::null_mut();
            }
            self.left = CHUNK;
        }
        let piece = self.fresh;
        self.left -= size;
        self.fresh = piece.wrapping_add(size);
        piece
    }
}

/// Once in the module, not once for everybody who asks.
#[inline(never)]
fn from_system(layout: Layout) -> *mut u8 {
    // SAFETY: nobody asks for a size of zero.
    unsafe { System.alloc(layout) }
}

/// The list that has pieces for this, if any.
#[inline]
fn list_for(layout: Layout) -> Option<usize> {
    let list = layout.size().wrapping_sub(1) / STEP;
    (list < LISTS && layout.align() <= ALIGN).then_some(list)
}

// SAFETY: a piece is as large and as aligned as its list says, and nobody else has it until it is
// given back; one layout always means the same list, or always the system.
unsafe impl GlobalAlloc for Pieces {
    // Not in every place that allocates: the code of a module is compiled when it is loaded.
    #[inline(never)]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        match list_for(layout) {
            // SAFETY: one thread, and no reference lives longer than a call.
            Some(list) => unsafe { (*self.0.get()).take(list) },
            None => from_system(layout),
        }
    }

    #[inline(never)]
    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        match list_for(layout) {
            // SAFETY: one thread, and no reference lives longer than a call.
            Some(list) => unsafe { (*self.0.get()).give_back(list, piece) },
            // SAFETY: as the caller promises; it came from there.
            None => unsafe { System.dealloc(piece, layout) },
        }
    }

    unsafe fn realloc(&self, piece: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        let Ok(wanted) = Layout::from_size_align(size, layout.align()) else {
            return ptr::null_mut();
        };
        match (list_for(layout), list_for(wanted)) {
            // SAFETY: as the caller promises; it came from there.
            (None, None) => unsafe { System.realloc(piece, layout, size) },
            // It is large enough already.
            (one, other) if one == other => piece,
            // SAFETY: both are at least as long as what is copied, and different.
            _ => unsafe {
                let moved = self.alloc(wanted);
                if !moved.is_null() {
                    ptr::copy_nonoverlapping(piece, moved, layout.size().min(size));
                    self.dealloc(piece, layout);
                }
                moved
            },
        }
    }
}
