//! `log` through the host, without the SDK's logger (which panics when the host refuses a line).

use crate::hostcalls;
use log::{Level, LevelFilter, Log, Metadata, Record};

struct HostLogger;

static LOGGER: HostLogger = HostLogger;

/// Installs the logger and asks the host which levels it wants, so that a line nobody reads is
/// never formatted. Called once per configuration; the level follows the host's at that time.
pub(crate) fn install() {
    // A second configuration finds the logger already there, which is what it wants.
    let _already_installed = log::set_logger(&LOGGER);
    log::set_max_level(match hostcalls::log_level() {
        Ok(0) => LevelFilter::Trace,
        Ok(1) => LevelFilter::Debug,
        Ok(2) | Err(_) => LevelFilter::Info,
        Ok(3) => LevelFilter::Warn,
        Ok(_) => LevelFilter::Error,
    });
}

impl Log for HostLogger {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.level() <= log::max_level()
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let level = match record.level() {
            Level::Trace => 0,
            Level::Debug => 1,
            Level::Info => 2,
            Level::Warn => 3,
            Level::Error => 4,
        };
        // A host that refuses a log line leaves nobody to tell.
        let _refused = hostcalls::log(level, &record.args().to_string());
    }

    fn flush(&self) {}
}
