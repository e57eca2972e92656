//! An Envoy that runs.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::{ACCESS_LOG_FILE, ADMIN_FILE, AccessLogEntry, LOG_FILE, STDOUT_FILE, StartError};
use super::{access_log, admin, error_lines};
use crate::temp_dir::TempDir;

/// How often a state of Envoy is looked at while waiting for a change.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// An Envoy that runs until it is dropped; its directory goes with it.
#[derive(Debug)]
pub struct EnvoyProcess {
    child: Child,
    admin: SocketAddr,
    home: TempDir,
    pub(super) updates: u32,
}

impl EnvoyProcess {
    pub(super) fn new(child: Child, home: TempDir) -> Self {
        Self { child, admin: SocketAddr::from(([127, 0, 0, 1], 0)), home, updates: 0 }
    }

    pub(super) fn wait_until_ready(&mut self, patience: Duration) -> anyhow::Result<()> {
        let deadline = Instant::now() + patience;
        loop {
            let status = self.exit_status()?;
            if status.is_some() || Instant::now() > deadline {
                return Err(StartError { status, lines: error_lines(&self.log()?) }.into());
            }
            if self.is_ready()? {
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    fn is_ready(&mut self) -> anyhow::Result<bool> {
        let text = self.read(ADMIN_FILE)?;
        let Ok(addr) = text.trim().parse() else { return Ok(false) };
        self.admin = addr;
        // It does not answer from the first moment on.
        let answer = admin::exchange(addr, "GET", "/ready");
        Ok(answer.is_ok_and(|answer| answer.status == Some(200)))
    }

    /// The process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// The directory that Envoy runs in; it goes with the process.
    #[must_use]
    pub fn directory(&self) -> &Path {
        self.home.path()
    }

    /// Where the listener of this name listens now.
    ///
    /// # Errors
    /// There is none of this name.
    pub fn addr(&self, listener: &str) -> anyhow::Result<SocketAddr> {
        let listeners = admin::parse_listeners(&self.admin_page("/listeners?format=json")?)?;
        listeners.get(listener).copied().with_context(|| format!("no listener {listener}"))
    }

    /// Where every listener listens now, by name.
    ///
    /// # Errors
    /// The admin interface does not answer.
    pub fn listeners(&self) -> anyhow::Result<BTreeMap<String, SocketAddr>> {
        admin::parse_listeners(&self.admin_page("/listeners?format=json")?)
    }

    /// The admin interface's address.
    #[must_use]
    pub fn admin_addr(&self) -> SocketAddr {
        self.admin
    }

    /// A page of the admin interface.
    ///
    /// # Errors
    /// It does not answer with 200.
    pub fn admin_page(&self, path: &str) -> anyhow::Result<String> {
        admin::page(self.admin, "GET", path)
    }

    /// An action of the admin interface, e.g. `/drain_listeners`.
    ///
    /// # Errors
    /// It does not answer with 200.
    pub fn admin_action(&self, path: &str) -> anyhow::Result<String> {
        admin::page(self.admin, "POST", path)
    }

    /// Counters and gauges whose name matches the regular expression somewhere.
    ///
    /// # Errors
    /// The admin interface does not answer.
    pub fn stats(&self, filter: &str) -> anyhow::Result<BTreeMap<String, u64>> {
        let page = self.admin_page(&format!("/stats?filter={}", admin::escape(filter)))?;
        Ok(admin::parse_stats(&page))
    }

    /// One counter or gauge by its full name; 0 when it does not exist (yet).
    ///
    /// # Errors
    /// The admin interface does not answer.
    pub fn stat(&self, name: &str) -> anyhow::Result<u64> {
        let escaped = name.replace('.', "\\.");
        Ok(self.stats(&format!("^{escaped}$"))?.get(name).copied().unwrap_or_default())
    }

    /// Waits until a counter or gauge has at least this value.
    ///
    /// # Errors
    /// It has not within `patience`.
    pub fn wait_for_stat(&self, name: &str, value: u64, patience: Duration) -> anyhow::Result<()> {
        let mut seen = 0;
        let reached = || {
            seen = self.stat(name)?;
            Ok(seen >= value)
        };
        let reached = poll(patience, reached)?;
        ensure!(reached, "{name} is {seen} after {patience:?}, not yet {value}");
        Ok(())
    }

    /// All statistics in Prometheus' text format.
    ///
    /// # Errors
    /// The admin interface does not answer.
    pub fn prometheus(&self) -> anyhow::Result<String> {
        self.admin_page("/stats/prometheus")
    }

    /// The access log so far. Envoy writes it some 20 ms after a stream has ended.
    ///
    /// # Errors
    /// The log is not the one that [`Listener`](crate::Listener) configures.
    pub fn access_log(&self) -> anyhow::Result<Vec<AccessLogEntry>> {
        access_log::read(&self.home.path().join(ACCESS_LOG_FILE))
    }

    /// The lines of JSON that Envoy wrote to its standard output so far: an access log that is
    /// configured to go there. What it writes is there when its flush interval has passed.
    ///
    /// # Errors
    /// It wrote something else there.
    pub fn access_log_on_stdout(&self) -> anyhow::Result<Vec<AccessLogEntry>> {
        access_log::read(&self.home.path().join(STDOUT_FILE))
    }

    /// The access log, as soon as it has `count` entries.
    ///
    /// # Errors
    /// It has fewer after `patience`.
    pub fn wait_for_access_log(
        &self,
        count: usize,
        patience: Duration,
    ) -> anyhow::Result<Vec<AccessLogEntry>> {
        let mut entries = Vec::new();
        let complete = || {
            entries = self.access_log()?;
            Ok(entries.len() >= count)
        };
        let complete = poll(patience, complete)?;
        ensure!(complete, "{} of {count} entries after {patience:?}", entries.len());
        Ok(entries)
    }

    /// Everything that Envoy logged so far.
    ///
    /// # Errors
    /// The log cannot be read.
    pub fn log(&self) -> anyhow::Result<String> {
        self.read(LOG_FILE)
    }

    /// Everything that Envoy wrote to its standard output so far.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn stdout(&self) -> anyhow::Result<String> {
        self.read(STDOUT_FILE)
    }

    /// Whether the process runs.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn alive(&mut self) -> anyhow::Result<bool> {
        Ok(self.exit_status()?.is_none())
    }

    /// How the process ended, if it did.
    ///
    /// # Errors
    /// The system does not tell.
    pub fn exit_status(&mut self) -> anyhow::Result<Option<ExitStatus>> {
        self.child.try_wait().context("cannot ask for Envoy's state")
    }

    /// Asks Envoy to end in its orderly way, and waits for that.
    ///
    /// # Errors
    /// It does not end within `patience`.
    pub fn quit(mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        self.admin_action("/quitquitquit")?;
        self.wait_for_exit(patience)
    }

    /// Waits until the process has ended, for whatever reason.
    ///
    /// # Errors
    /// It runs on after `patience`.
    pub fn wait_for_exit(&mut self, patience: Duration) -> anyhow::Result<ExitStatus> {
        let mut status = None;
        poll(patience, || {
            status = self.exit_status()?;
            Ok(status.is_some())
        })?;
        status.with_context(|| format!("Envoy still runs after {patience:?}"))
    }

    /// A file of Envoy's directory; empty when it does not exist yet.
    fn read(&self, file: &str) -> anyhow::Result<String> {
        match fs::read(self.home.path().join(file)) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(String::new()),
            other => Ok(String::from_utf8_lossy(&other?).into_owned()),
        }
    }
}

impl Drop for EnvoyProcess {
    fn drop(&mut self) {
        // Both fail only when the process is gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        if thread::panicking() {
            // The directory goes: show what may explain the failing test.
            let log = self.log().unwrap_or_default();
            let lines: Vec<&str> = log.lines().collect();
            let tail = lines.get(lines.len().saturating_sub(20)..).unwrap_or_default();
            let _ = writeln!(io::stderr(), "the end of Envoy's log:\n{}", tail.join("\n"));
        }
    }
}

/// Looks again and again until `done`; false when it is not within `patience`.
pub(super) fn poll(
    patience: Duration,
    mut done: impl FnMut() -> anyhow::Result<bool>,
) -> anyhow::Result<bool> {
    let deadline = Instant::now() + patience;
    while !done()? {
        if Instant::now() > deadline {
            return Ok(false);
        }
        thread::sleep(LOOK_EVERY);
    }
    Ok(true)
}
