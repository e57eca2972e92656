//! A bounded number of threads for a known amount of work.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::{panic, thread};

/// Calls `work` with each item on so many threads and gives the results in order. Each thread has
/// a state of its own, which begins as the default.
///
/// A panic in `work` is passed on, once the other threads are done.
pub fn in_parallel<S: Default, I: Sync, T: Send>(
    threads: usize,
    items: &[I],
    work: impl Fn(&mut S, &I) -> T + Sync,
) -> Vec<T> {
    let next = AtomicUsize::new(0);
    let run = || {
        let mut state = S::default();
        let mut done = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(index) else { return done };
            done.push((index, work(&mut state, item)));
        }
    };
    let mut results: Vec<(usize, T)> = thread::scope(|scope| {
        let started: Vec<_> =
            (0..threads.clamp(1, items.len().max(1))).map(|_| scope.spawn(run)).collect();
        let joined = started.into_iter().map(thread::ScopedJoinHandle::join);
        joined.flat_map(|done| done.unwrap_or_else(|panic| panic::resume_unwind(panic))).collect()
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    use super::in_parallel;

    #[test]
    fn all_is_done_once_and_given_in_order() {
        let numbers: Vec<usize> = (0..50).collect();
        let squares = in_parallel(3, &numbers, |seen: &mut usize, n| {
            *seen += 1;
            (n * n, *seen)
        });
        assert!(squares.iter().enumerate().all(|(n, (square, _))| *square == n * n));
        assert_eq!(squares.len(), 50);
        assert!(in_parallel(3, &[], |(): &mut (), n: &u8| *n).is_empty());
    }
}
