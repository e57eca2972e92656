//! What the machine has, and what it lacks.

use anyhow::{Context as _, Result, ensure};
use std::fmt;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, process};

/// A part that this machine lacks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    /// What is missing.
    pub part: String,
    /// How to get it.
    pub remedy: String,
}

/// The part, or `None` where the machine lacks it, once that has been said.
///
/// # Errors
/// The part is there and fails; it is missing although `CI` is set.
pub fn available<T>(part: Result<T>) -> Result<Option<T>> {
    let error = match part {
        Ok(part) => return Ok(Some(part)),
        Err(error) => error,
    };
    let Some(missing) = error.downcast_ref::<Missing>() else { return Err(error) };
    if env::var_os("CI").is_some() {
        return Err(error);
    }
    // Nobody can be told if even that fails.
    let _ = writeln!(io::stderr(), "skipped: {missing}");
    Ok(None)
}

/// The program `name` of this machine.
///
/// # Errors
/// [`Missing`] where no directory of `PATH` has it.
pub(crate) fn program(name: &str, remedy: &str) -> Result<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let found = env::split_paths(&path).map(|folder| folder.join(name)).find(|file| file.is_file());
    let missing = || Missing { part: name.to_owned(), remedy: remedy.to_owned() };
    found.ok_or_else(|| missing().into())
}

/// A file of the cache that `make` puts into the directory it is given, the first time.
///
/// # Errors
/// It cannot be made, or the cache not be written.
pub(crate) fn cached(
    folder: &str,
    file: &str,
    make: impl FnOnce(&Path) -> Result<()>,
) -> Result<PathBuf> {
    let home = envoy_runner::cache_root()?.join("parts").join(folder);
    if home.join(file).is_file() {
        return Ok(home.join(file));
    }
    // Made beside its place: another process may want it at the same time, or this one be killed.
    let parent = home.parent().context("the cache has a root")?;
    let fresh = parent.join(format!("{folder}.{}", process::id()));
    fs::create_dir_all(&fresh).with_context(|| format!("creating {}", fresh.display()))?;
    make(&fresh)?;
    ensure!(fresh.join(file).is_file(), "{file} was not made in {}", fresh.display());
    if let Err(error) = fs::rename(&fresh, &home) {
        // Somebody else was faster, which is as good.
        ensure!(home.join(file).is_file(), "moving {}: {error}", fresh.display());
        fs::remove_dir_all(&fresh)?;
    }
    Ok(home.join(file))
}

/// Runs a command to its end.
///
/// # Errors
/// It cannot be run or fails; what it wrote is part of the error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let name = command.get_program().to_string_lossy().into_owned();
    let _ = writeln!(io::stderr(), "fetching by {name}, once ...");
    let output =
        command.stdin(Stdio::null()).output().with_context(|| format!("running {name}"))?;
    let said = [output.stdout, output.stderr].concat();
    ensure!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&said));
    Ok(())
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not there; {}", self.part, self.remedy)
    }
}

impl std::error::Error for Missing {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_nobody_has_is_missing_with_its_remedy() {
        let error = program("no-such-program", "install it").unwrap_err();
        assert_eq!(error.to_string(), "no-such-program is not there; install it");
        assert!(program("sh", "").is_ok());
    }

    #[test]
    fn a_failure_is_no_missing_part() {
        assert!(available::<()>(Err(anyhow::anyhow!("it ended"))).is_err());
        assert_eq!(available(Ok(5)).ok().flatten(), Some(5));
    }
}
