//! A server process on a port of its own.

use anyhow::{Context as _, Result, bail};
use std::env;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{self, Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How often a server is looked at while it starts.
const LOOK_EVERY: Duration = Duration::from_millis(20);

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A server that runs until it is dropped or stopped, in a directory that goes with it.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    home: PathBuf,
    child: Option<Child>,
}

/// A port of loopback that nobody had a moment ago.
pub(crate) fn free_addr() -> Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

impl Server {
    /// A server with a directory, not yet started.
    pub(crate) fn new(name: &'static str) -> Result<Self> {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let home = env::temp_dir().join(format!("{name}-{}-{number}", process::id()));
        fs::create_dir_all(&home).with_context(|| format!("creating {}", home.display()))?;
        Ok(Self { name, home, child: None })
    }

    /// Its directory.
    pub(crate) fn home(&self) -> &Path {
        &self.home
    }

    /// Starts `command` and waits until it accepts connections at `addr`, and then until `is_ready`.
    pub(crate) fn start(
        &mut self,
        command: &mut Command,
        addr: SocketAddr,
        patience: Duration,
        is_ready: impl Fn() -> bool,
    ) -> Result<()> {
        let is_ready = || TcpStream::connect(addr).is_ok() && is_ready();
        self.start_until(command, patience, is_ready)
    }

    /// Starts `command` and waits until `is_ready`.
    pub(crate) fn start_until(
        &mut self,
        command: &mut Command,
        patience: Duration,
        mut is_ready: impl FnMut() -> bool,
    ) -> Result<()> {
        let log = File::create(self.home.join("log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).current_dir(&self.home);
        let child = command.spawn().with_context(|| format!("starting {}", self.name))?;
        let child = self.child.insert(child);
        let deadline = Instant::now() + patience;
        loop {
            if let Some(status) = child.try_wait()? {
                bail!("{} ended with {status}:\n{}", self.name, self.log());
            }
            if is_ready() {
                return Ok(());
            }
            if Instant::now() > deadline {
                bail!("{} is not ready after {patience:?}:\n{}", self.name, self.log());
            }
            thread::sleep(LOOK_EVERY);
        }
    }

    /// Ends the process at once, as a crash does.
    pub(crate) fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // Both fail only when the process is gone already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Asks the process to end by SIGTERM, and waits; what does not listen is stopped.
    pub(crate) fn ask_to_end(&mut self, patience: Duration) {
        if let Some(child) = &mut self.child {
            // Where it fails, the process is gone, or is stopped below.
            let _ = Command::new("kill").arg(child.id().to_string()).status();
            let deadline = Instant::now() + patience;
            while matches!(child.try_wait(), Ok(None)) && Instant::now() < deadline {
                thread::sleep(LOOK_EVERY);
            }
        }
        self.stop();
    }

    /// The end of what it wrote.
    fn log(&self) -> String {
        let log = fs::read(self.home.join("log")).unwrap_or_default();
        let log = String::from_utf8_lossy(&log);
        let lines: Vec<&str> = log.lines().collect();
        lines.get(lines.len().saturating_sub(20)..).unwrap_or_default().join("\n")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
        // The system cleans this place itself where we cannot.
        let _ = fs::remove_dir_all(&self.home);
    }
}
