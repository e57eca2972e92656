use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const MS: u64 = 1_000_000;

fn piece(size: usize) -> BodyChunk {
    BodyChunk { size, end_of_stream: false }
}

fn last(size: usize) -> BodyChunk {
    BodyChunk { size, end_of_stream: true }
}

fn no_clock() -> u64 {
    panic!("asked for the time")
}

#[test]
fn a_new_body_takes_the_place_of_all_pieces() {
    let body: Rc<[u8]> = b"new".as_slice().into();
    let mut progress = BodyProgress::Replace(Some(Rc::clone(&body)));
    assert_eq!(progress.piece(piece(10), no_clock), BodyVerdict::Replace(body));
    assert_eq!(progress.piece(piece(10), no_clock), BodyVerdict::Keep(0));
    assert_eq!(progress.piece(last(0), no_clock), BodyVerdict::Keep(0));
}

#[test]
fn a_cut_keeps_the_first_bytes_and_resets_in_the_next_callback() {
    let mut progress = BodyProgress::Truncate(Some(15));
    assert_eq!(progress.piece(piece(10), no_clock), BodyVerdict::Continue);
    assert_eq!(progress.piece(piece(10), no_clock), BodyVerdict::Keep(5));
    assert_eq!(progress.piece(last(0), no_clock), BodyVerdict::Reset);
}

#[test]
fn a_cut_within_the_last_piece_never_ends_cleanly() {
    let mut progress = BodyProgress::Truncate(Some(15));
    assert_eq!(progress.piece(piece(10), no_clock), BodyVerdict::Continue);
    assert_eq!(progress.piece(last(10), no_clock), BodyVerdict::Reset);
}

#[test]
fn a_cut_at_zero_and_at_a_pieces_edge_resets_at_once() {
    let mut progress = BodyProgress::Truncate(Some(0));
    assert_eq!(progress.piece(piece(10), no_clock), BodyVerdict::Reset);
    let mut progress = BodyProgress::Truncate(Some(10));
    assert_eq!(progress.piece(piece(10), no_clock), BodyVerdict::Continue);
    assert_eq!(progress.piece(piece(1), no_clock), BodyVerdict::Reset);
}

#[test]
fn a_body_that_is_short_enough_passes_whole() {
    let mut progress = BodyProgress::Truncate(Some(20));
    for chunk in [piece(10), piece(10), last(0)] {
        assert_eq!(progress.piece(chunk, no_clock), BodyVerdict::Continue);
    }
}

/// Pieces of a body of 1000 bytes/s: each is held until its last byte is due.
#[test]
fn a_throttled_piece_waits_for_its_last_byte() {
    let mut progress = BodyProgress::throttle(1000);
    let held = |millis| BodyVerdict::StopIteration(Duration::from_millis(millis));
    assert_eq!(progress.piece(piece(500), || 7 * MS), held(500));
    assert_eq!(progress.piece(piece(250), || 507 * MS), held(250));
    // The upstream was slow: what comes late enough is not held.
    assert_eq!(progress.piece(piece(250), || 1107 * MS), BodyVerdict::Continue);
    assert_eq!(progress.piece(last(0), || 1107 * MS), BodyVerdict::Continue);
}

#[test]
fn a_piece_that_comes_while_another_is_held_moves_the_time() {
    let mut progress = BodyProgress::throttle(1000);
    let _ = progress.piece(piece(500), || 0);
    assert_eq!(
        progress.piece(piece(500), || 100 * MS),
        BodyVerdict::StopIteration(Duration::from_millis(900))
    );
}

#[test]
fn the_average_is_never_above_the_rate() {
    let (mut progress, mut now, mut bytes) = (BodyProgress::throttle(12_345), 5 * MS, 0_u128);
    let start = now;
    for size in (1..200).map(|index| index * 37 % 1500) {
        if let BodyVerdict::StopIteration(time) = progress.piece(piece(size), || now) {
            now += u64::try_from(time.as_nanos()).unwrap();
        }
        bytes += size as u128;
        assert!(bytes * 1_000_000_000 <= 12_345 * u128::from(now - start + 1), "{size}");
    }
}

#[test]
fn extremes_neither_overflow_nor_divide_by_zero() {
    let mut progress = BodyProgress::throttle(0);
    let verdict = progress.piece(piece(usize::MAX), || u64::MAX);
    assert!(matches!(verdict, BodyVerdict::StopIteration(_)), "{verdict:?}");
    let mut progress = BodyProgress::throttle(u64::MAX);
    assert_eq!(progress.piece(piece(1), || 0), BodyVerdict::Continue);
}
