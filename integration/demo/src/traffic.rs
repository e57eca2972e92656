//! What the demo's users do, all the time.

use envoy_runner::{Client, End, Request};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

/// One kind of user.
#[derive(Clone, Copy)]
pub(crate) struct User {
    pub(crate) name: &'static str,
    pub(crate) path: &'static str,
    end_user: Option<&'static str>,
    /// What the example's rules do to him.
    pub(crate) rule: &'static str,
    pause: Duration,
}

const fn user(name: &'static str, path: &'static str, rule: &'static str, pause: u64) -> User {
    User { name, path, end_user: None, rule, pause: Duration::from_millis(pause) }
}

/// Everybody.
pub(crate) const USERS: [User; 4] = [
    User { end_user: Some("jason"), ..user("jason", "/reviews/1", "waits 2 s", 100) },
    user("anybody", "/reviews/1", "untouched", 50),
    user("anybody", "/ratings/1", "half get 503", 20),
    user("anybody", "/catalogue", "1 in 10 torn", 30),
];

/// What became of one user's requests.
#[derive(Clone, Copy, Default)]
pub(crate) struct Tally {
    pub(crate) whole: u64,
    pub(crate) refused: u64,
    pub(crate) torn: u64,
    pub(crate) last: Duration,
}

/// All users at work.
pub(crate) struct Traffic {
    tallies: Arc<Mutex<[Tally; USERS.len()]>>,
    threads: Vec<JoinHandle<()>>,
}

impl Traffic {
    /// Starts them; they stop once `stop` is set.
    pub(crate) fn start(entry: SocketAddr, stop: &Arc<AtomicBool>) -> Self {
        let tallies = Arc::new(Mutex::new([Tally::default(); USERS.len()]));
        let threads = USERS.iter().enumerate().map(|(index, user)| {
            let (tallies, stop, user) = (Arc::clone(&tallies), Arc::clone(stop), *user);
            std::thread::spawn(move || {
                while !stop.load(Ordering::Relaxed) {
                    let outcome = ask(entry, user);
                    let mut tallies = tallies.lock().unwrap_or_else(PoisonError::into_inner);
                    if let (Some(tally), Some((ending, time))) = (tallies.get_mut(index), outcome) {
                        count(tally, ending, time);
                    }
                    drop(tallies);
                    std::thread::sleep(user.pause);
                }
            })
        });
        Self { threads: threads.collect(), tallies }
    }

    /// What became of the requests so far.
    pub(crate) fn tally(&self) -> [Tally; USERS.len()] {
        *self.tallies.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until every user has noticed that it is over.
    pub(crate) fn finish(self) {
        for thread in self.threads {
            // A user that panicked has already said so.
            let _ended = thread.join();
        }
    }
}

enum Ending {
    Refused,
    Torn,
    Whole,
}

/// One request; `None` where Envoy is not there any more.
fn ask(entry: SocketAddr, user: User) -> Option<(Ending, Duration)> {
    let mut request = Request::get(user.path);
    if let Some(name) = user.end_user {
        request = request.header("end-user", name);
    }
    let answer = Client::once(entry, &request).ok()?;
    let ending = match (answer.status?, answer.end) {
        (200, End::Complete) => Ending::Whole,
        (200, _) => Ending::Torn,
        _ => Ending::Refused,
    };
    Some((ending, answer.elapsed))
}

fn count(tally: &mut Tally, ending: Ending, time: Duration) {
    match ending {
        Ending::Refused => tally.refused += 1,
        Ending::Torn => tally.torn += 1,
        Ending::Whole => tally.whole += 1,
    }
    tally.last = time;
}
