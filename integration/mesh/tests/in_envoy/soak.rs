//! All filters in one chain under load: a short one, `make soak` is ten minutes.

use crate::{alone, parts};
use anyhow::Result;
use mesh::{Mesh, Progress, Step};
use std::time::Duration;

const LENGTH: Duration = Duration::from_secs(20);

#[test]
fn all_filters_hold_under_load() -> Result<()> {
    let _alone = alone();
    let parts = parts(1.0)?;
    let step = Step::read(&parts.configs.join("soak.yaml"))?;
    let soak = mesh::soak(&mut Mesh::new(parts)?, &step, LENGTH, &mut Progress::new())?;
    println!("{} requests in {:?}", soak.report.total(), soak.report.elapsed);
    println!("p50 {:?}, p99 {:?}", soak.report.percentile(50), soak.report.percentile(99));
    println!("resident, in KiB: {:?}", soak.memory);
    let mut failed = Vec::new();
    for check in &soak.checks {
        let line =
            format!("{}: expected {}, observed {}", check.what, check.expected, check.observed);
        println!("  {line}");
        if !check.passes {
            failed.push(line);
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
    Ok(())
}
