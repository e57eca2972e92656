use super::asking::Answered;
use super::leases::{Key, Question};
use super::message::Answer;
use super::*;
use crate::hash::{Digest, Secret};
use filter_api::{Callout, CalloutResult, Environment};
use filter_testing::SimEnvironment;
use std::collections::BTreeMap;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const SECOND: u64 = 1_000_000_000;
const MINUTE: u64 = 60 * SECOND;

fn settings(lease: &str) -> GlobalSettings {
    let json = format!(
        r#"{{"service": {{"cluster": "ratelimit", "domain": "ballast"}}, "lease": {lease}, "replicas": 2}}"#
    );
    let wire: config::Global = filter_config::load(json.as_bytes()).unwrap();
    GlobalSettings::from_wire(&wire).unwrap()
}

/// What the real service does, as it was measured: fixed windows, and a refusal burns what it was
/// asked for.
#[derive(Default)]
struct Service {
    used: BTreeMap<(Vec<u8>, u64), u64>,
    calls: u64,
    burnt: u64,
}

impl Service {
    fn answer(&mut self, message: &[u8], limit: u64, period: u64, unix: u64) -> Vec<u8> {
        // Domain and descriptor, then the number of hits behind its tag.
        let at = message.iter().rposition(|byte| *byte == 3 << 3).unwrap();
        let mut hits = 0;
        for (shift, byte) in (0..64).step_by(7).zip(&message[at + 1..]) {
            hits |= u64::from(byte & 0x7f) << shift;
        }
        let hits = hits.max(1);
        self.calls += 1;
        let window = unix / period;
        let used = self.used.entry((message[..at].to_vec(), window)).or_default();
        let before = *used;
        *used += hits;
        let code = if *used <= limit { 1 } else { 2 };
        if code == 2 {
            self.burnt += limit.saturating_sub(before);
        }
        let remaining = limit.saturating_sub(*used);
        let reset = (period - unix % period).div_ceil(SECOND);
        status(code, remaining, reset)
    }
}

fn put(bytes: &mut Vec<u8>, mut value: u64) {
    while value > 0x7f {
        bytes.push(u8::try_from(value & 0x7f).unwrap() | 0x80);
        value >>= 7;
    }
    bytes.push(u8::try_from(value).unwrap());
}

fn status(code: u64, remaining: u64, reset: u64) -> Vec<u8> {
    let mut duration = vec![1 << 3];
    put(&mut duration, reset);
    let mut status = vec![1 << 3];
    put(&mut status, code);
    status.push(3 << 3);
    put(&mut status, remaining);
    status.extend([4 << 3 | 2, u8::try_from(duration.len()).unwrap()]);
    status.extend(duration);
    let mut answer = vec![1 << 3, 1, 2 << 3 | 2, u8::try_from(status.len()).unwrap()];
    answer.extend(status);
    answer
}

fn key() -> Digest {
    Secret([1, 2]).digest(b"key")
}

fn make(limit: u64, period: u64) -> (Vec<u8>, u64, u64) {
    let parts = [(&b"quota"[..], &b"q"[..])];
    (descriptor(parts.into_iter(), limit, unit(period).unwrap()), limit, period)
}

/// A worker, its service, and one key.
struct World {
    env: SimEnvironment,
    service: Service,
    settings: GlobalSettings,
    limit: u64,
    period: u64,
}

impl World {
    fn new(lease: &str, limit: u64, period: u64) -> Self {
        let env = SimEnvironment::seeded(1);
        let (service, settings) = (Service::default(), settings(lease));
        Self { env, service, settings, limit, period }
    }

    /// One unit, if it is there; else what is asked for is answered at once and it is tried again.
    fn take(&mut self, worker: &mut Globals) -> bool {
        for _ in 0..2 {
            let now = self.env.now();
            let (limit, period) = (self.limit, self.period);
            match worker.look(key(), now, 1, || make(limit, period)) {
                Verdict::Ready => {
                    worker.take(key(), now, 1);
                    self.serve(worker);
                    return true;
                }
                Verdict::Exhausted(_) | Verdict::Unavailable => return false,
                Verdict::Wait => self.serve(worker),
            }
        }
        false
    }

    fn serve(&mut self, worker: &mut Globals) {
        let callouts = worker.ask(&self.settings, &mut self.env);
        for callout in callouts {
            let Callout::Grpc { tag, message, .. } = callout else { panic!("not gRPC") };
            let unix = self.env.unix_time().0;
            let body = self.service.answer(&message, self.limit, self.period, unix);
            let answered =
                worker.answered(&result(tag, Some(0), &body), self.env.now(), &self.settings);
            assert!(answered.is_some_and(|answered| answered != Answered::Failed));
        }
    }

    fn window(&mut self) -> u64 {
        self.env.unix_time().0 / self.period
    }
}

fn result(tag: u32, status: Option<u32>, body: &[u8]) -> CalloutResult<'_> {
    CalloutResult { status, body, ..CalloutResult::unanswered(tag) }
}

/// Two Envoys of one worker each, at ten thousand requests a second for ten windows.
#[test]
fn never_more_than_the_limit_and_one_call_in_a_hundred() {
    for (limit, lease) in [(100, "{}"), (5_000, r#"{"size": "5%"}"#), (20_000, "{}")] {
        let mut world = World::new(lease, limit, SECOND);
        let mut workers = [Globals::default(), Globals::default()];
        let mut admitted: BTreeMap<u64, u64> = BTreeMap::new();
        let requests = 100_000;
        for request in 0..requests {
            world.env.advance(Duration::from_micros(100));
            let window = world.window();
            if world.take(&mut workers[request % 2]) {
                *admitted.entry(window).or_default() += 1;
            }
        }
        let calls = world.service.calls;
        let (most, all) = (admitted.values().max().unwrap(), admitted.values().sum::<u64>());
        println!(
            "limit {limit}: at most {most} in a window, {all} in all, {calls} calls, {} burnt",
            world.service.burnt
        );
        assert!(*most <= limit);
        assert!(all * 100 >= limit.min(10_000) * 10 * 90, "{all}");
        // A limit of a hundred is given out unit by unit; who is refused asks nobody.
        let requests = u64::try_from(requests).unwrap();
        assert!(calls <= (requests / 100).max(all + 20), "{calls} calls");
    }
}

/// Its end is computed of two clocks, which are not read at one moment.
#[test]
fn a_window_is_known_again_though_its_end_differs_by_nanoseconds() {
    let settings = settings("{}").lease;
    let (period, now) = (60 * SECOND, 100 * SECOND);
    let (descriptor, ..) = make(3_000, period);
    let mut worker = Key::new(key(), descriptor, 3_000, period);
    let end = now + period / 2;
    for units in [1, 2, 4, 8] {
        let question = Question { tag: 1, record: key(), units, window_end: end + units };
        let answer = Answer { is_granted: true, remaining: 2_000, reset_seconds: Some(30) };
        worker.answered(&question, Some(answer), now + units, &settings);
        worker.want(40);
        assert_eq!(worker.question(now + units, end - units, &settings), 30, "1 % of the limit");
        assert_eq!(
            worker.question(now, end + period, &settings),
            30,
            "the first tenth of the next"
        );
        assert_eq!(worker.question(now, end - period, &settings), 1, "another window");
    }
}

/// Near its end a window is given out unit by unit, and nothing of it is burnt.
#[test]
fn nothing_is_lost_that_a_smaller_question_would_have_got() {
    let mut world = World::new(r#"{"size": "50%"}"#, 1_000, MINUTE);
    let mut workers = [Globals::default(), Globals::default(), Globals::default()];
    let mut admitted = 0;
    for request in 0..6_000 {
        world.env.advance(Duration::from_millis(1));
        admitted += u64::from(world.take(&mut workers[request % 3]));
    }
    let left: u64 = 1_000 - admitted;
    println!(
        "{admitted} of 1000 admitted, {} burnt, {} calls",
        world.service.burnt, world.service.calls
    );
    assert_eq!(world.service.burnt, 0);
    assert!(left < 10, "{left} left over");
}

#[test]
fn what_was_taken_ahead_ends_with_its_window_and_with_its_time() {
    let mut world = World::new(r#"{"min": 10}"#, 1_000, SECOND);
    let mut worker = Globals::default();
    assert!(world.take(&mut worker));
    let now = world.env.now();
    assert_eq!(worker.look(key(), now + SECOND - 1, 9, || make(1_000, SECOND)), Verdict::Ready);
    assert_eq!(worker.look(key(), now + SECOND, 9, || make(1_000, SECOND)), Verdict::Wait);
    let mut world = World::new(r#"{"min": 10, "ttl": "100ms"}"#, 1_000, SECOND);
    let mut worker = Globals::default();
    assert!(world.take(&mut worker));
    assert_eq!(worker.look(key(), now + SECOND / 10, 9, || make(1_000, SECOND)), Verdict::Wait);
}

#[test]
fn a_service_that_does_not_answer_is_left_alone_for_a_while() {
    let mut env = SimEnvironment::seeded(1);
    let settings = settings("{}");
    for (status, body) in [
        (None, vec![]),
        (Some(14), vec![]),
        (Some(0), b"garbage".to_vec()),
        (Some(0), vec![]),
        (Some(0), status(0, 5, 1)),
        (Some(0), vec![0xff; 200]),
    ] {
        let mut worker = Globals::default();
        let look = |worker: &mut Globals, now| worker.look(key(), now, 1, || make(10, SECOND));
        assert_eq!(look(&mut worker, env.now()), Verdict::Wait);
        assert_eq!(look(&mut worker, env.now()), Verdict::Wait);
        let callouts = worker.ask(&settings, &mut env);
        let [Callout::Grpc { tag, .. }] = callouts[..] else { panic!("one call for both") };
        let now = env.now();
        assert_eq!(worker.answered(&result(tag + 1, status, &body), now, &settings), None);
        let answered = worker.answered(&result(tag, status, &body), now, &settings);
        assert_eq!(answered, Some(Answered::Failed), "{status:?} {body:?}");
        assert_eq!(look(&mut worker, now + SECOND / 2 - 1), Verdict::Unavailable);
        assert!(!worker.has_questions());
        assert_eq!(look(&mut worker, now + SECOND / 2), Verdict::Wait);
        assert!(worker.has_questions());
    }
}

#[test]
fn a_worker_whose_places_are_taken_forgets_no_key() {
    let mut world = World::new(r#"{"min": 10}"#, 1_000, MINUTE);
    let mut worker = Globals::default();
    let now = world.env.now();
    let of = |number| Digest([0, number]);
    for number in 0..4 {
        assert_eq!(worker.look(of(number), now, 1, || make(1_000, MINUTE)), Verdict::Wait);
    }
    assert_eq!(worker.look(of(4), now, 1, || make(1_000, MINUTE)), Verdict::Unavailable);
    world.serve(&mut worker);
    assert_eq!(worker.look(of(4), now, 1, || make(1_000, MINUTE)), Verdict::Unavailable);
    assert_eq!(worker.look(of(0), now, 10, || make(1_000, MINUTE)), Verdict::Ready);
    assert_eq!(worker.look(of(4), now + MINUTE, 1, || make(1_000, MINUTE)), Verdict::Wait);
}

/// As protoc 3 encodes it.
#[test]
fn the_question_is_the_message_of_the_service() {
    let parts = [(&b"quota"[..], &b"q"[..]), (b"who", b"a\xff%b c")];
    let descriptor = descriptor(parts.into_iter(), 300, 2);
    let mut expected = b"\x0a\x0a\x0a\x05quota\x12\x01q".to_vec();
    expected.extend(b"\x0a\x13\x0a\x03who\x12\x0ca%FF%25b%20c".iter());
    expected.extend(b"\x12\x05\x08\xac\x02\x10\x02");
    assert_eq!(descriptor, expected);
    let mut whole = b"\x0a\x07ballast\x12".to_vec();
    whole.push(u8::try_from(expected.len()).unwrap());
    whole.extend(expected);
    whole.extend(b"\x18\x07");
    assert_eq!(message::request("ballast", &descriptor, 7), whole);
}

#[test]
fn an_answer_cut_anywhere_is_read_without_a_panic() {
    let whole = status(1, 300, 59);
    let answer = message::answer(&whole).unwrap();
    assert!(answer.is_granted);
    assert_eq!((answer.remaining, answer.reset_seconds), (300, Some(59)));
    for end in 0..whole.len() {
        assert_eq!(message::answer(&whole[..end]), None, "cut at {end}");
    }
    for index in 0..whole.len() {
        for bit in 0..8 {
            let mut forged = whole.clone();
            forged[index] ^= 1 << bit;
            let _whatever_it_is = message::answer(&forged);
        }
    }
}
