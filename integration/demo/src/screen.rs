//! The picture: drawn over itself on a terminal, line after line elsewhere.

use crate::traffic::{Tally, USERS};
use anyhow::Result;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::{IsTerminal, Write, stdout};
use std::net::SocketAddr;

/// Draws the tallies and counters.
pub(crate) struct Screen {
    entry: SocketAddr,
    admin: SocketAddr,
    terminal: bool,
    /// Lines to go up before the next picture.
    height: usize,
}

impl Screen {
    pub(crate) fn new(entry: SocketAddr, admin: SocketAddr) -> Self {
        Self { entry, admin, terminal: stdout().is_terminal(), height: 0 }
    }

    /// One picture.
    pub(crate) fn draw(
        &mut self,
        tallies: &[Tally; USERS.len()],
        counters: &BTreeMap<String, u64>,
    ) -> Result<()> {
        let text = self.picture(tallies, counters)?;
        let mut out = stdout().lock();
        if self.terminal && self.height > 0 {
            // Up to the first line, and clear from there.
            write!(out, "\x1b[{}A\x1b[J", self.height)?;
        }
        self.height = text.lines().count();
        out.write_all(text.as_bytes())?;
        Ok(out.flush()?)
    }

    /// The last line.
    pub(crate) fn farewell(&self) -> Result<()> {
        Ok(writeln!(stdout(), "\nEnvoy and the service have ended.")?)
    }

    fn picture(
        &self,
        tallies: &[Tally; USERS.len()],
        counters: &BTreeMap<String, u64>,
    ) -> Result<String> {
        let mut text = String::new();
        writeln!(
            text,
            "\nStock Envoy on {}, fault_injection, a service that never fails",
            self.entry
        )?;
        writeln!(
            text,
            "\n  who      asks for      rule           answers  whole    503   torn   last took"
        )?;
        for (user, tally) in USERS.iter().zip(tallies) {
            let Tally { whole, refused, torn, last } = *tally;
            let all = whole + refused + torn;
            let share = |part: u64| format!("{:.0} %", 100.0 * part as f64 / all.max(1) as f64);
            writeln!(
                text,
                "  {:8} {:13} {:13} {all:8} {:>6} {:>6} {:>6} {:8} ms",
                user.name,
                user.path,
                user.rule,
                share(whole),
                share(refused),
                share(torn),
                last.as_millis(),
            )?;
        }
        writeln!(text, "\n  counters that moved")?;
        for (name, value) in counters.iter().filter(|(_, value)| **value > 0) {
            writeln!(text, "  {value:8} {name}")?;
        }
        self.next_steps(&mut text)?;
        Ok(text)
    }

    fn next_steps(&self, text: &mut String) -> Result<()> {
        let (entry, admin) = (self.entry, self.admin);
        writeln!(text, "\n  try, in another terminal")?;
        writeln!(text, "  curl -i -H 'end-user: jason' http://{entry}/reviews/1")?;
        writeln!(text, "  curl -i http://{entry}/ratings/1")?;
        writeln!(text, "  curl -i http://{entry}/catalogue")?;
        writeln!(text, "  curl -s 'http://{admin}/stats/prometheus' | grep fault_injection")?;
        writeln!(text, "\n  the rules: envoy-configs/fault-injection.yaml; all that is possible:")?;
        writeln!(text, "  filters/fault-injection/README.md. Ctrl-C ends the demo.")?;
        Ok(())
    }
}
