//! One line on standard error that says what is going on.

use anyhow::Result;
use std::io::{IsTerminal as _, Write as _, stderr};
use std::time::Instant;

/// The line; over itself on a terminal, one line after the other elsewhere if they are wanted there.
#[derive(Debug)]
pub struct Progress {
    since: Instant,
    is_terminal: bool,
    always: bool,
}

impl Progress {
    /// A line for people: only where they watch.
    #[must_use]
    pub fn new() -> Self {
        Self { since: Instant::now(), is_terminal: stderr().is_terminal(), always: false }
    }

    /// Lines for a log, wherever they go.
    #[must_use]
    pub fn for_logs() -> Self {
        Self { always: true, ..Self::new() }
    }

    /// Replaces the line.
    ///
    /// # Errors
    /// Standard error is gone.
    pub fn show(&mut self, what: &str) -> Result<()> {
        let seconds = self.since.elapsed().as_secs();
        if self.is_terminal {
            let mut out = stderr().lock();
            write!(out, "\r\x1b[K{seconds:4} s  {what}")?;
            out.flush()?;
        } else if self.always {
            writeln!(stderr(), "{seconds:4} s  {what}")?;
        }
        Ok(())
    }

    /// Takes the line away.
    ///
    /// # Errors
    /// Standard error is gone.
    pub fn clear(&mut self) -> Result<()> {
        if self.is_terminal {
            write!(stderr(), "\r\x1b[K")?;
        }
        Ok(())
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
