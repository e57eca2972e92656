//! Licences that a user of the modules or of the tests can accept without asking a lawyer.

use anyhow::Result;
use integration::{Package, all_packages};
use spdx::{Expression, LicenseReq, ParseMode};

/// The licences that are allowed, each with what it asks of us.
const ALLOWED: [(&str, &str); 7] = [
    ("Apache-2.0", "ours"),
    ("Apache-2.0 WITH LLVM-exception", "ours, asking less: wasmtime and its parts"),
    ("MIT", "keep the notice"),
    ("BSL-1.0", "keep the notice in source form"),
    ("ISC", "keep the notice"),
    ("Unicode-3.0", "keep the notice: Unicode's tables"),
    ("Zlib", "name no other as the author"),
];

/// A package whose expression is not met by what is allowed.
fn refused(package: &Package) -> Option<String> {
    let (name, version) = (&package.name, &package.version);
    let Some(license) = &package.license else {
        return Some(format!("{name} {version}: no licence"));
    };
    // Old packages write `MIT/Apache-2.0`.
    let expression = match Expression::parse_mode(license, ParseMode::LAX) {
        Ok(expression) => expression,
        Err(error) => return Some(format!("{name} {version}: `{license}`: {}", error.reason)),
    };
    let is_met = expression.evaluate(is_allowed);
    (!is_met).then(|| format!("{name} {version}: `{license}` is not allowed"))
}

fn is_allowed(requirement: &LicenseReq) -> bool {
    let requirement = requirement.to_string();
    ALLOWED.iter().any(|(allowed, _)| *allowed == requirement)
}

#[test]
fn every_licence_is_allowed() -> Result<()> {
    let packages = all_packages()?;
    println!("{} packages", packages.len());
    assert!(packages.len() > 50, "only {} packages were found", packages.len());
    let refused: Vec<String> = packages.iter().filter_map(refused).collect();
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    Ok(())
}

/// A licence that nobody uses is one that nobody has thought about.
#[test]
fn every_allowed_licence_is_needed() -> Result<()> {
    let packages = all_packages()?;
    let expressions: Vec<Expression> = packages
        .iter()
        .filter_map(|package| {
            Expression::parse_mode(package.license.as_ref()?, ParseMode::LAX).ok()
        })
        .collect();
    for (allowed, _) in ALLOWED {
        let names = |expression: &Expression| {
            expression.requirements().any(|requirement| requirement.req.to_string() == allowed)
        };
        assert!(expressions.iter().any(names), "{allowed} is allowed, and nothing needs it");
    }
    Ok(())
}

#[test]
fn a_licence_that_is_not_allowed_is_noticed() {
    let refuses = |license: Option<&str>| {
        let package = Package {
            name: "sample".to_owned(),
            version: "1.0.0".to_owned(),
            license: license.map(str::to_owned),
            source: None,
            description: None,
            manifest_path: "Cargo.toml".into(),
            dependencies: Vec::new(),
        };
        refused(&package).is_some()
    };
    for bad in
        ["GPL-3.0-only", "MIT AND GPL-3.0-only", "Apache-2.0 WITH Classpath-exception-2.0", "?"]
    {
        assert!(refuses(Some(bad)), "{bad}");
    }
    assert!(refuses(None));
    for good in ["MIT/Apache-2.0", "GPL-2.0-only OR MIT", "(MIT OR Apache-2.0) AND Unicode-3.0"] {
        assert!(!refuses(Some(good)), "{good}");
    }
}
