//! `ballast new-filter` in a copy of the tree: what it makes is formatted, passes its own tests, the
//! house rules and, as a packaged module, its cases in the wasmtime host and in Envoy, without any edit.

use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const BALLAST: &str = env!("CARGO_BIN_EXE_ballast");

/// A copy of the tree, which goes away with this value.
struct Copy(PathBuf);

impl Copy {
    fn new() -> Result<Self> {
        let copy = std::env::temp_dir().join(format!("ballast-new-filter-{}", std::process::id()));
        let copy = Self(copy);
        copy_folder(root()?, &copy.0, &["target", ".git"])?;
        // What the modules are made of that comes from elsewhere is built already.
        let modules = Path::new("target/modules");
        if root()?.join(modules).is_dir() {
            copy_folder(&root()?.join(modules), &copy.0.join(modules), &[])?;
        }
        Ok(copy)
    }

    /// Runs a command in the copy.
    fn run(&self, program: &str, arguments: &[&str]) -> Result<String> {
        run_in(&self.0, program, arguments)
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        // A copy that cannot be removed is the system's temporary file like any other.
        let _ = fs::remove_dir_all(&self.0);
    }
}

fn root() -> Result<&'static Path> {
    Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).context("two folders up")
}

/// Runs a command in a tree, with this workspace's build directory: what comes from elsewhere is built
/// already.
fn run_in(tree: &Path, program: &str, arguments: &[&str]) -> Result<String> {
    let build = Path::new(BALLAST).ancestors().nth(2).context("target/debug/ballast")?;
    let output = Command::new(program)
        .args(arguments)
        .current_dir(tree)
        .env("CARGO_TARGET_DIR", build)
        // What is generated may not be made good by the tests that look at it.
        .env("CI", "true")
        // The other filters have been through Envoy in their own tree.
        .env("BALLAST_FILTER", "zz_stamp_of_requests")
        .stdin(Stdio::null())
        .output()
        .with_context(|| program.to_owned())?;
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text).into_owned();
    ensure!(output.status.success(), "{program} {}:\n{text}", arguments.join(" "));
    Ok(text)
}

/// Copies a folder but for what is called like this, with the times of its files, by which Cargo
/// tells what is up to date.
fn copy_folder(from: &Path, to: &Path, without: &[&str]) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("creating {}", to.display()))?;
    for entry in fs::read_dir(from).with_context(|| format!("listing {}", from.display()))? {
        let entry = entry?;
        let (name, path) = (entry.file_name(), entry.path());
        if without.iter().any(|other| name == *other) {
            continue;
        }
        let target = to.join(&name);
        if entry.file_type()?.is_dir() {
            copy_folder(&path, &target, without)?;
        } else {
            fs::copy(&path, &target).with_context(|| path.display().to_string())?;
            let time = entry.metadata()?.modified()?;
            fs::OpenOptions::new().write(true).open(&target)?.set_modified(time)?;
        }
    }
    Ok(())
}

#[test]
fn a_new_filter_builds_and_passes_its_tests_as_it_is() -> Result<()> {
    // Of all packages at once, so that what is built for `make test` is not built again in another
    // way: what they need differs in features.
    let suites = ["contract", "committed", "house_rules", "scenarios", "envoy_cases", "examples"];
    let suites = suites.iter().flat_map(|suite| ["--test", *suite]);
    let test: Vec<&str> = ["test", "--locked", "--workspace"].into_iter().chain(suites).collect();
    // A binary knows the tree that it was built in. What is as it was has to be this tree's, so that
    // it does not look for the copy when that is gone.
    run_in(root()?, "cargo", &[&test[..], &["--no-run"]].concat())?;

    let copy = Copy::new()?;
    let arguments = ["new-filter", "zz-stamp-of-requests", "--description", "Stamps requests"];
    let told = copy.run(BALLAST, &arguments)?;
    assert!(told.contains("filters/zz-stamp-of-requests is a filter that works"), "{told}");
    // A second time nothing is written over.
    assert!(copy.run(BALLAST, &arguments).is_err());

    copy.run("cargo", &["fmt", "--all", "--check"])?;
    copy.run("cargo", &["test", "--locked", "--package", "zz-stamp-of-requests", "--lib"])?;
    let clippy = ["clippy", "--locked", "--package", "zz-stamp-of-requests", "--all-targets"];
    copy.run("cargo", &[&clippy[..], &["--", "-D", "warnings"]].concat())?;
    let told = copy.run("cargo", &[&test[..], &["--", "--show-output"]].concat())?;
    for expected in [
        "zz_stamp_of_requests: 8 cases (2 refusals), 0 failed",
        "zz_stamp_of_requests: 6 configurations load from a Struct, 6 of them served",
        "1 examples hold on Envoy ",
    ] {
        let line = told.lines().find(|line| line.starts_with(expected));
        println!("{}", line.with_context(|| format!("no line: {expected}\n{told}"))?);
    }
    Ok(())
}
