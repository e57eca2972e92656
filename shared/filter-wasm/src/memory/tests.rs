use super::*;

/// A piece and what is written all over it.
struct Held {
    piece: *mut u8,
    layout: Layout,
    mark: u8,
}

impl Held {
    fn new(pieces: &Pieces, size: usize, align: usize, mark: u8) -> Self {
        let layout = Layout::from_size_align(size, align).unwrap();
        // SAFETY: the size is not zero.
        let piece = unsafe { pieces.alloc(layout) };
        assert!(!piece.is_null() && (piece as usize).is_multiple_of(align));
        // SAFETY: it is as long as that.
        unsafe { piece.write_bytes(mark, size) };
        Self { piece, layout, mark }
    }

    fn check(&self) {
        // SAFETY: it was written as a whole.
        let bytes = unsafe { std::slice::from_raw_parts(self.piece, self.layout.size()) };
        assert!(bytes.iter().all(|byte| *byte == self.mark), "{:?}", self.layout);
    }

    fn grow(&mut self, pieces: &Pieces, size: usize) {
        // SAFETY: it is this allocator's, and the size is not zero.
        self.piece = unsafe { pieces.realloc(self.piece, self.layout, size) };
        let kept = self.layout.size().min(size);
        self.layout = Layout::from_size_align(size, self.layout.align()).unwrap();
        // SAFETY: as long as that at least.
        let bytes = unsafe { std::slice::from_raw_parts(self.piece, kept) };
        assert!(bytes.iter().all(|byte| *byte == self.mark));
        // SAFETY: it is as long as that.
        unsafe { self.piece.write_bytes(self.mark, size) };
    }

    fn free(self, pieces: &Pieces) {
        self.check();
        // SAFETY: it is this allocator's.
        unsafe { pieces.dealloc(self.piece, self.layout) };
    }
}

#[test]
fn no_two_pieces_overlap_whatever_is_asked_given_back_and_grown() {
    let pieces = Pieces::new();
    let mut random = fastrand::Rng::with_seed(6);
    let mut held: Vec<Held> = Vec::new();
    for round in 0..20_000_u32 {
        match random.u8(..) {
            0..120 => {
                let longest = if random.bool() { 80 } else { 3000 };
                let size = random.usize(1..longest);
                held.push(Held::new(&pieces, size, 1 << random.u8(0..7), round as u8));
            }
            120..180 if !held.is_empty() => {
                let place = random.usize(..held.len());
                held[place].check();
                held[place].grow(&pieces, random.usize(1..3000));
            }
            _ if !held.is_empty() => held.swap_remove(random.usize(..held.len())).free(&pieces),
            _ => {}
        }
    }
    held.into_iter().for_each(|held| held.free(&pieces));
}

#[test]
fn a_piece_that_was_given_back_is_the_next_of_its_size() {
    let pieces = Pieces::new();
    for size in [1, 16, 17, 1024] {
        let first = Held::new(&pieces, size, 1, 1);
        let place = first.piece;
        first.free(&pieces);
        let second = Held::new(&pieces, size, 8, 2);
        assert_eq!(second.piece, place);
        second.free(&pieces);
    }
}
