//! Every row, played in stock Envoy: what the pages promise, in figures.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

use anyhow::{Context as _, Result, ensure};
use mesh::{Mesh, Parts, Progress, Scenario};
use std::path::PathBuf;

/// Waits on the pages are this much shorter here; every time that is compared states both.
const SCALE: f64 = 0.1;

fn parts() -> Result<Parts> {
    let module = integration::module("fault_injection")?;
    Ok(Parts {
        configs: integration::workspace_root().join("envoy-configs/mesh"),
        modules: module.parent().context("modules are in a folder")?.to_owned(),
        program: PathBuf::from(env!("CARGO_BIN_EXE_mesh")),
        scale: SCALE,
        workers: 2,
    })
}

#[test]
fn every_row_shows_what_its_page_promises() -> Result<()> {
    let parts = parts()?;
    let scenarios = Scenario::all(&parts.configs.join("scenarios"))?;
    let known: Vec<u32> = scenarios.keys().copied().collect();
    assert_eq!(known, mesh::numbers(), "a scenario that cannot be played, or a row without one");
    let mut mesh = Mesh::new(parts)?;
    let mut progress = Progress::new();
    let (mut failed, mut count) = (Vec::new(), 0);
    for (row, scenario) in &scenarios {
        println!("row {row}: {}, by {}", scenario.title, scenario.by);
        let checks = mesh::play(&mut mesh, scenario, &mut progress)?;
        ensure!(!checks.is_empty(), "row {row} compares nothing");
        for check in checks {
            count += 1;
            let line = format!(
                "{}: {}: expected {}, observed {}",
                check.step, check.what, check.expected, check.observed
            );
            println!("  {line}");
            if !check.passes {
                failed.push(format!("row {row}: {line}"));
            }
        }
    }
    println!("{} rows, {count} comparisons, times on the pages x {SCALE}", scenarios.len());
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}
