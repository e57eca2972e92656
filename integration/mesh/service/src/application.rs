//! What the application answers.

use crate::http1::{Headers, Message};
use crate::journal::{Journal, quoted};
use crate::options::{Forward, OnError, Options};
use crate::outbound::Outbound;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// Belongs to one connection, not to what it carries.
const OF_THE_CONNECTION: [&str; 6] =
    ["host", "connection", "content-length", "transfer-encoding", "keep-alive", "expect"];

/// The state that all connections of the process share.
pub(crate) struct Application {
    pub(crate) options: Options,
    misbehaves: AtomicBool,
    delay_ms: AtomicU64,
    /// How often the service below is asked until it answers 200.
    attempts: AtomicU64,
    forward: Mutex<Forward>,
    /// How many requests were answered, as the tutorials' pods count.
    count: AtomicU64,
    journal: Mutex<Journal>,
}

impl Application {
    pub(crate) fn new(options: Options) -> Self {
        Self {
            misbehaves: AtomicBool::new(false),
            delay_ms: AtomicU64::new(options.delay_ms),
            attempts: AtomicU64::new(1),
            forward: Mutex::new(options.forward),
            count: AtomicU64::new(0),
            journal: Mutex::default(),
            options,
        }
    }

    /// The answer to one request.
    pub(crate) fn answer(&self, request: &Message, outbound: Option<&mut Outbound>) -> Message {
        let path = request.path().split('?').next().unwrap_or_default();
        if let Some(control) = path.strip_prefix("/_mesh/") {
            return self.control(control);
        }
        lock(&self.journal).add(request);
        match path {
            "/misbehave" | "/behave" => {
                self.misbehaves.store(path == "/misbehave", Ordering::Relaxed);
                text(
                    200,
                    format!("{} from '{}'\n", path.trim_start_matches('/'), self.options.host),
                )
            }
            _ => self.serve(path, request, outbound),
        }
    }

    fn serve(&self, path: &str, request: &Message, outbound: Option<&mut Outbound>) -> Message {
        if self.misbehaves.load(Ordering::Relaxed) {
            let Options { name, host, .. } = &self.options;
            return text(503, format!("{name} misbehavior from '{host}'\n"));
        }
        thread::sleep(Duration::from_millis(self.delay_ms.load(Ordering::Relaxed)));
        match (&self.options.next, outbound) {
            (Some(next), Some(outbound)) => self.relay(next, request, outbound),
            _ => self.leaf(path, request),
        }
    }

    /// The end of the chain; and what httpbin.org has that the pages ask for.
    fn leaf(&self, path: &str, request: &Message) -> Message {
        let status = path.strip_prefix("/status/").and_then(|status| status.parse().ok());
        match (path, status) {
            ("/headers", _) => {
                let lines: Vec<String> = request
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{}: {}", quoted(name), quoted(&lossy(value))))
                    .collect();
                text(200, format!("{{\"headers\": {{{}}}}}\n", lines.join(", ")))
            }
            (_, Some(status)) => text(status, format!("status {status}\n")),
            _ => {
                let Options { name, version, host, .. } = &self.options;
                let count = self.count.fetch_add(1, Ordering::Relaxed) + 1;
                text(200, format!("{name} {version} from '{host}': {count}\n"))
            }
        }
    }

    fn relay(&self, next: &str, request: &Message, outbound: &mut Outbound) -> Message {
        let name = &self.options.name;
        let mut ask = || outbound.get(next, request.path(), self.forwarded(request));
        let mut answer = ask();
        for _ in 1..self.attempts.load(Ordering::Relaxed) {
            if answer.as_ref().is_ok_and(|answer| answer.status() == 200) {
                break;
            }
            answer = ask();
        }
        match answer {
            Ok(answer) if answer.status() == 200 => {
                text(200, format!("{name} => {}\n", lossy(answer.body.trim_ascii_end())))
            }
            Ok(answer) => self.failed(answer.status(), &lossy(answer.body.trim_ascii_end())),
            Err(error) => self.failed(0, &error.to_string()),
        }
    }

    fn failed(&self, status: u16, body: &str) -> Message {
        let Options { name, next, .. } = &self.options;
        let next = next.as_deref().unwrap_or_default();
        match self.options.on_error {
            OnError::Status => text(503, format!("{name} => Error: {status} - {body}\n")),
            OnError::Tolerate => {
                text(200, format!("{name} => {next} is currently unavailable: {status} - {body}\n"))
            }
        }
    }

    fn forwarded(&self, request: &Message) -> Headers {
        let forward = *lock(&self.forward);
        let wanted = |name: &str| match forward {
            Forward::All => !OF_THE_CONNECTION.contains(&name),
            Forward::Nothing => false,
            Forward::RequestId => name == "x-request-id",
        };
        request.headers.iter().filter(|(name, _)| wanted(name)).cloned().collect()
    }

    fn clear(&self) {
        lock(&self.journal).clear();
        self.count.store(0, Ordering::Relaxed);
    }

    fn control(&self, command: &str) -> Message {
        let (command, value) = command.split_once('/').unwrap_or((command, ""));
        match (command, Forward::from_word(value), value.parse()) {
            ("health", ..) => return text(200, "healthy\n".to_owned()),
            ("received", ..) => return text(200, lock(&self.journal).to_json()),
            ("clear", ..) => self.clear(),
            ("reset", ..) => {
                self.clear();
                self.misbehaves.store(false, Ordering::Relaxed);
                self.delay_ms.store(self.options.delay_ms, Ordering::Relaxed);
                self.attempts.store(1, Ordering::Relaxed);
                *lock(&self.forward) = self.options.forward;
            }
            ("forward", Some(forward), _) => *lock(&self.forward) = forward,
            ("attempts", _, Ok(attempts)) => self.attempts.store(attempts, Ordering::Relaxed),
            ("delay", _, Ok(delay)) => self.delay_ms.store(delay, Ordering::Relaxed),
            _ => return text(404, "no such command\n".to_owned()),
        }
        text(200, "done\n".to_owned())
    }
}

fn text(status: u16, body: String) -> Message {
    let reason = if status < 400 { "OK" } else { "Error" };
    Message {
        start: ["HTTP/1.1".to_owned(), status.to_string(), reason.to_owned()],
        headers: vec![("content-type".to_owned(), b"text/plain".to_vec())],
        body: body.into_bytes(),
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
