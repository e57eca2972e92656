//! What is done and compared in each row.

mod access;
mod balancing;
mod edge;
mod faults;
mod metrics;
mod pools;
mod quotas;
mod routing;
mod timeouts;
mod tracing;

use anyhow::{Context as _, Result};

use crate::mesh::Mesh;
use crate::progress::Progress;
use crate::scenario::{Scenario, Step};
use crate::stage::{Played, Stage};

/// Plays one row.
type Play = fn(&mut Stage) -> Result<()>;

/// Every row that can be played, by number.
const ROWS: [(u32, Play); 26] = [
    (1, faults::abort_a_share),
    (2, faults::delay_a_share),
    (3, faults::one_user_only),
    (4, timeouts::delay_hits_a_timeout),
    (5, timeouts::request_timeout),
    (6, timeouts::retries_hide_faults),
    (7, pools::connection_pool),
    (8, pools::ejection),
    (9, pools::all_together),
    (10, routing::canary),
    (11, routing::by_header),
    (12, routing::by_identity),
    (13, routing::blue_green),
    (14, routing::dark_launch),
    (15, access::egress),
    (16, balancing::policies),
    (17, quotas::reviews_to_ratings),
    (18, quotas::dimensions),
    (19, access::deny_list),
    (20, access::allow_list),
    (21, tracing::every_hop),
    (22, metrics::by_rule),
    (23, tracing::collector),
    (24, edge::tcp_shifting),
    (25, access::mutual_tls),
    (26, edge::gateway_routes),
];

/// Plays a scenario and leaves the mesh under its last step. One share in a thousand leaves its bounds
/// by chance; where nothing else went wrong, the scenario is played once more.
///
/// # Errors
/// The traffic could not be sent, or a configuration was not taken; what was sent and came out
/// otherwise than promised is a comparison that does not pass.
pub fn play(mesh: &mut Mesh, scenario: &Scenario, progress: &mut Progress) -> Result<Played> {
    let played = play_once(mesh, scenario, progress)?;
    let mut failed = played.checks.iter().filter(|check| !check.passes).peekable();
    if failed.peek().is_some() && failed.all(|check| check.is_drawn) {
        return play_once(mesh, scenario, progress);
    }
    Ok(played)
}

fn play_once(mesh: &mut Mesh, scenario: &Scenario, progress: &mut Progress) -> Result<Played> {
    let row = scenario.row;
    let (_, play) =
        ROWS.iter().find(|(number, _)| *number == row).with_context(|| format!("no row {row}"))?;
    progress.show(&format!("row {row}: starting what it needs"))?;
    mesh.start(&scenario.groups)?;
    // Nothing of the row before: connections, ejections and misbehaviour are its own.
    mesh.reset_applications()?;
    mesh.apply(&Step::default())?;
    let mut stage = Stage::new(mesh, scenario, progress);
    play(&mut stage).with_context(|| format!("row {row}"))?;
    let played = stage.into_played();
    mesh.ensure_unharmed()?;
    progress.clear()?;
    Ok(played)
}

/// The rows that can be played.
#[must_use]
pub fn numbers() -> Vec<u32> {
    ROWS.iter().map(|(number, _)| *number).collect()
}
