//! Runs the unit tests of the pure crates on wasm32 itself, in Node: 32-bit sizes, the code that
//! users run.
//!
//! ```text
//! wasm32-tests [--install] [--required]
//! ```
//!
//! `--install` fetches the test runner if it is missing, with Cargo, into the cache
//! (`$BALLAST_CACHE`, else `$XDG_CACHE_HOME/ballast`, else `~/.cache/ballast`). Where Node or the
//! runner is missing the tests are skipped, with a line that says how to get it; with `--required`
//! that is a failure.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _, stdout};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result, bail, ensure};
use integration::{Package, workspace_packages, workspace_root};

const TARGET: &str = "wasm32-unknown-unknown";
const RUNNER: &str = "wasm-bindgen-test-runner";

fn main() -> Result<ExitCode> {
    let (mut install, mut required) = (false, false);
    for argument in env::args().skip(1) {
        match argument.as_str() {
            "--install" => install = true,
            "--required" => required = true,
            other => bail!("{other} is none of --install, --required"),
        }
    }
    let lock = fs::read_to_string(workspace_root().join("Cargo.lock"))?;
    let version = locked_version(&lock).context("wasm-bindgen is not in Cargo.lock")?;
    let runner = match find_runner(version)? {
        None if install => Some(install_runner(version)?),
        found => found,
    };
    let how = match (on_path("node"), &runner) {
        (Some(_), Some(runner)) => {
            say(&run(runner)?)?;
            return Ok(ExitCode::SUCCESS);
        }
        (None, _) => "Node is missing; to get it: your system's package `nodejs`".to_owned(),
        (_, None) => format!(
            "{RUNNER} {version} is missing; to get it: \
             cargo run -p integration --bin wasm32-tests -- --install"
        ),
    };
    say(&format!("skipped: unit tests on wasm32: {how}"))?;
    Ok(ExitCode::from(u8::from(required)))
}

/// Runs the tests of every pure crate and says how many there were.
fn run(runner: &Path) -> Result<String> {
    let packages: Vec<Package> =
        workspace_packages()?.into_iter().filter(Package::is_pure).collect();
    let mut command = cargo();
    command.args(["test", "--locked", "--no-fail-fast", "--lib", "--target", TARGET]);
    command.args(packages.iter().flat_map(|package| ["--package", &package.name]));
    command.env(format!("CARGO_TARGET_{}_RUNNER", TARGET.replace('-', "_").to_uppercase()), runner);
    let mut child = command.stdout(Stdio::piped()).spawn().context("cannot run cargo")?;
    let mut passed = Vec::new();
    for line in BufReader::new(child.stdout.take().context("no output")?).lines() {
        let line = line?;
        passed.extend(passed_tests(&line));
        say(&line)?;
    }
    ensure!(child.wait()?.success(), "tests failed on {TARGET}");
    summary(packages.len(), &passed)
}

/// Says how many tests there were, or that some crate has none: then something hid them.
fn summary(packages: usize, passed: &[u32]) -> Result<String> {
    let ran = passed.iter().filter(|tests| **tests > 0).count();
    ensure!(packages > 0, "no pure crate was found");
    ensure!(ran == packages, "only {ran} of {packages} crates have tests on {TARGET}");
    Ok(format!("{} unit tests of {packages} crates passed on {TARGET}", passed.iter().sum::<u32>()))
}

/// How many tests passed, if this line says so.
fn passed_tests(line: &str) -> Option<u32> {
    line.strip_prefix("test result: ok. ")?.split(' ').next()?.parse().ok()
}

/// The version of wasm-bindgen in a lock file; the runner must be of the same.
fn locked_version(lock: &str) -> Option<&str> {
    let (_, rest) = lock.split_once("name = \"wasm-bindgen\"\nversion = \"")?;
    rest.split('"').next()
}

/// The runner of this version, on the path or in the cache.
fn find_runner(version: &str) -> Result<Option<PathBuf>> {
    if let Some(runner) = on_path(RUNNER).filter(|runner| is_version(runner, version)) {
        return Ok(Some(runner));
    }
    let cached = cache(version)?.join("bin").join(RUNNER);
    Ok(cached.is_file().then_some(cached))
}

fn is_version(runner: &Path, version: &str) -> bool {
    let output = Command::new(runner).arg("--version").output();
    output.is_ok_and(|output| {
        String::from_utf8_lossy(&output.stdout).split_whitespace().any(|word| word == version)
    })
}

/// Installs the runner with the versions in its own lock file or, where the registry at hand lacks
/// one of them, with those that fit.
fn install_runner(version: &str) -> Result<PathBuf> {
    let root = cache(version)?;
    say(&format!("installing {RUNNER} {version} into {}", root.display()))?;
    for locked in [Some("--locked"), None] {
        let mut command = cargo();
        command.args(["install", "wasm-bindgen-cli", "--version", version]).args(locked);
        let status = command.arg("--root").arg(&root).status().context("cannot run cargo")?;
        if status.success() {
            let installed = find_runner(version)?;
            return installed.with_context(|| format!("wasm-bindgen-cli has no {RUNNER}"));
        }
    }
    bail!("wasm-bindgen-cli {version} could not be installed")
}

/// Where the runner of this version is kept, beside the Envoys.
fn cache(version: &str) -> Result<PathBuf> {
    Ok(envoy_runner::cache_root()?.join(format!("wasm-bindgen-{version}")))
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path).map(|folder| folder.join(program)).find(|file| file.is_file())
}

fn cargo() -> Command {
    let mut command = Command::new(env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")));
    command.current_dir(workspace_root());
    command
}

fn say(line: &str) -> Result<()> {
    writeln!(stdout(), "{line}").context("cannot print")
}

#[cfg(test)]
mod tests {
    use super::{locked_version, passed_tests, summary};

    #[test]
    fn the_lock_file_names_the_version() {
        let lock = "[[package]]\nname = \"wasm-bindgen-test\"\nversion = \"0.3.1\"\n\n\
                    [[package]]\nname = \"wasm-bindgen\"\nversion = \"0.2.9\"\n";
        assert_eq!(locked_version(lock), Some("0.2.9"));
        assert_eq!(locked_version("[[package]]\n"), None);
    }

    #[test]
    fn passed_tests_are_counted() {
        let line = "test result: ok. 17 passed; 0 failed; 0 ignored; 2 filtered out";
        assert_eq!(passed_tests(line), Some(17));
        assert_eq!(passed_tests("test result: FAILED. 1 passed; 1 failed"), None);
        assert_eq!(passed_tests("test a ... ok"), None);
    }

    #[test]
    fn a_crate_without_tests_is_a_failure() {
        assert!(summary(2, &[3, 4]).is_ok_and(|line| line.starts_with("7 unit tests of 2 crates")));
        assert!(summary(2, &[3, 0]).is_err());
        assert!(summary(2, &[3]).is_err());
        assert!(summary(0, &[]).is_err());
    }
}
