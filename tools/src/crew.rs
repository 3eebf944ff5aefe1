//! Several accounts at a time.

use std::sync::{Mutex, PoisonError};

/// Does `each` piece of the work, with so many workers at most. The work is in the order of its size, as far as that is
/// known: every other worker begins at the large end, the rest at the small one. So the largest is begun early, and
/// never keeps all the others waiting.
pub fn work_off<W: Sync>(work: &[W], workers: usize, each: impl Fn(&W) + Sync) {
    let left = Mutex::new(0..work.len());
    std::thread::scope(|scope| {
        for worker in 0..workers.min(work.len()) {
            let (left, each) = (&left, &each);
            scope.spawn(move || {
                let take = || {
                    let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                    if worker % 2 == 0 { left.next() } else { left.next_back() }
                };
                while let Some(number) = take() {
                    each(&work[number]);
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_piece_is_done_once() {
        for (pieces, workers) in [(0, 4), (1, 4), (7, 1), (100, 3)] {
            let work: Vec<usize> = (0..pieces).collect();
            let done = Mutex::new(Vec::new());
            work_off(&work, workers, |piece| done.lock().unwrap().push(*piece));
            let mut done = done.into_inner().unwrap();
            done.sort_unstable();
            assert_eq!(done, work, "{pieces} {workers}");
        }
    }

    #[test]
    fn the_largest_does_not_keep_the_small_ones_waiting() {
        let (send, receive) = std::sync::mpsc::channel();
        let receive = Mutex::new(receive);
        // The largest piece waits until all the others are done, which another worker has to do.
        work_off(&[1, 2, 3, 4, 100], 2, |&piece| match piece {
            100 => (0..4).for_each(|_| receive.lock().unwrap().recv().unwrap()),
            _ => send.clone().send(()).unwrap(),
        });
    }
}
