//! Help, schemas, completions, manual pages.

use crate::ballast;
use std::fs;

const COMMANDS: [&str; 7] =
    ["check", "explain", "translate", "schema", "new-filter", "completions", "man"];

#[test]
fn help_names_every_command_and_each_shows_an_example() {
    let help = ballast("--help");
    assert_eq!(help.code, Some(0));
    for command in COMMANDS {
        assert!(help.out.contains(&format!("\n  {command}")), "{command}: {}", help.out);
        let own = ballast(&format!("{command} --help"));
        assert!(own.out.contains(&format!("  ballast {command}")), "{}", own.out);
        assert!(own.out.lines().all(|line| line.chars().count() <= 110), "{}", own.out);
    }
    let version = ballast("--version").out;
    assert_eq!(version, concat!("ballast ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn a_schema_is_the_filters_own() {
    let committed =
        fs::read_to_string(crate::root().join("filters/fault-injection/config.schema.json"));
    let schema = ballast("schema fault_injection");
    assert_eq!((schema.code, schema.out), (Some(0), committed.unwrap()));
    assert!(ballast("schema").out.contains("fault_injection: rules, "));
    assert!(ballast("schema --output json").out.contains("\"fault_injection\""));
    let unknown = ballast("schema mixer");
    assert_eq!((unknown.code, unknown.out.as_str()), (Some(2), ""));
    assert!(unknown.err.contains("there is no filter `mixer`; there are "), "{}", unknown.err);
}

#[test]
fn completions_and_pages_know_every_command() {
    for shell in ["bash", "zsh", "fish"] {
        let completions = ballast(&format!("completions {shell}"));
        for command in COMMANDS {
            assert!(completions.out.contains(command), "{shell}: {command}");
        }
    }
    assert!(ballast("man check").out.contains(".TH ballast-check 1"));
    let dir = std::env::temp_dir().join(format!("ballast-man-{}", std::process::id()));
    let written = ballast(&format!("man --dir {}", dir.display()));
    assert_eq!(written.code, Some(0), "{}", written.err);
    assert_eq!(written.out.lines().count(), COMMANDS.len() + 1);
    for page in written.out.lines() {
        assert!(fs::read_to_string(page).unwrap().contains(".SH SYNOPSIS"), "{page}");
    }
    fs::remove_dir_all(dir).unwrap();
}

#[test]
fn colours_are_for_terminals() {
    let check =
        |color: &str| ballast(&format!("check envoy-configs/fault-injection.yaml{color}")).out;
    assert!(!check("").contains('\x1b'));
    assert!(!check(" --color never").contains('\x1b'));
    assert!(check(" --color always").contains("\x1b[32mok\x1b[0m"));
}
