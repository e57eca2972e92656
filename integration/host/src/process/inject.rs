//! Faults put into host calls by a test.

/// A change to what a host call answers: another status, other bytes, on the nth call or on every one.
///
/// ```
/// use proxy_wasm_test_host::{Injection, Status};
/// let once = Injection::on("proxy_get_property").nth(2).status(Status::InternalFailure);
/// let always = Injection::on("proxy_get_header_map_pairs").bytes(b"\xff\xff\xff\xff");
/// # let _ = (once, always);
/// ```
#[derive(Clone, Debug)]
pub struct Injection {
    function: String,
    nth: Option<u64>,
    status: Option<u32>,
    bytes: Option<Vec<u8>>,
    seen: u64,
    hits: u64,
}

impl Injection {
    /// Concerns calls of `function` by its import name, or of every function for `"*"`.
    pub fn on(function: &str) -> Self {
        Self {
            function: function.to_owned(),
            nth: None,
            status: None,
            bytes: None,
            seen: 0,
            hits: 0,
        }
    }

    /// Only the nth call from now, counted from 1 over all workers. Default: every call.
    #[must_use]
    pub fn nth(mut self, nth: u64) -> Self {
        self.nth = Some(nth);
        self
    }

    /// The call does nothing and answers this status: a [`crate::Status`] or any number.
    #[must_use]
    pub fn status(mut self, status: impl Into<u32>) -> Self {
        self.status = Some(status.into());
        self
    }

    /// Where the call returns bytes, it succeeds and returns these.
    #[must_use]
    pub fn bytes(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.bytes = Some(bytes.into());
        self
    }
}

/// What to do to one call.
#[derive(Default)]
pub(crate) struct Injected {
    pub(crate) status: Option<u32>,
    pub(crate) bytes: Option<Vec<u8>>,
}

#[derive(Default)]
pub(crate) struct Injections(Vec<Injection>);

impl Injections {
    pub(crate) fn add(&mut self, injection: Injection) {
        self.0.push(injection);
    }

    /// Removes all; answers how many calls they changed.
    pub(crate) fn clear(&mut self) -> u64 {
        let hits = self.0.iter().map(|injection| injection.hits).sum();
        self.0.clear();
        hits
    }

    /// Counts a call and says what to change. Later injections win.
    pub(crate) fn call(&mut self, function: &str) -> Injected {
        let mut injected = Injected::default();
        for injection in &mut self.0 {
            if injection.function != "*" && injection.function != function {
                continue;
            }
            injection.seen += 1;
            if injection.nth.is_some_and(|nth| nth != injection.seen) {
                continue;
            }
            injection.hits += 1;
            injected.status = injection.status.or(injected.status);
            injected.bytes = injection.bytes.clone().or(injected.bytes);
        }
        injected
    }
}
