//! Every row, played in stock Envoy: what the pages promise, in figures.

use crate::{alone, parts};
use anyhow::{Result, ensure};
use mesh::{Mesh, Progress, Scenario};

/// Waits on the pages are this much shorter here; every time that is compared states both.
const SCALE: f64 = 0.1;

#[test]
fn every_row_shows_what_its_page_promises() -> Result<()> {
    let _alone = alone();
    let parts = parts(SCALE)?;
    let scenarios = Scenario::all(&parts.configs.join("scenarios"))?;
    let known: Vec<u32> = scenarios.keys().copied().collect();
    assert_eq!(known, mesh::numbers(), "a scenario that cannot be played, or a row without one");
    assert_eq!(known, (1..=26).collect::<Vec<u32>>(), "the pages promise 26 things");
    let mut mesh = Mesh::new(parts)?;
    let mut progress = Progress::new();
    let (mut failed, mut count) = (Vec::new(), 0);
    for (row, scenario) in &scenarios {
        println!("row {row}: {}, by {}", scenario.title, scenario.by);
        let played = mesh::play(&mut mesh, scenario, &mut progress)?;
        if let Some(why) = &played.skipped {
            println!("  SKIPPED: {why}");
            continue;
        }
        ensure!(!played.checks.is_empty(), "row {row} compares nothing");
        for check in played.checks {
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
