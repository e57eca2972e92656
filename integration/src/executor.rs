//! Cases on every kind of proxy: simulated, in the wasmtime host, in the real Envoy.
//!
//! Each executor gives a [`Run`]; the same code checks them all, and two of them can be compared.

mod compare;
mod envoy;
mod host;
mod play;
mod pool;
mod refusal;
mod simulated;

pub use compare::compare;
pub use envoy::{Envelope, EnvoyExecutor};
pub use host::{HostExecutor, Prepared};
pub use pool::in_parallel;
pub use simulated::simulate;

use anyhow::{Context as _, Result, anyhow, bail, ensure};
use filter_testing::{Case, Observed, Step, Tolerance, check, check_counters, check_share};
use std::collections::BTreeMap;

/// What became of a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Run {
    /// The configuration was refused with this line.
    Refused(String),
    /// The traffic was served.
    Served(Transcript),
}

/// What was seen of a case's traffic.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Transcript {
    /// For each step of the case, what was seen of each of its requests.
    pub steps: Vec<Vec<Observed>>,
    /// Every metric of the filter that is not 0 at the end, by name without the filter's prefix.
    pub metrics: BTreeMap<String, u64>,
}

impl Run {
    /// Compares with what the case expects.
    ///
    /// # Errors
    /// The first step that is not as expected; metrics that are not, a gauge above 0 included; a
    /// refusal where none was expected, or the other way round.
    pub fn check(&self, case: &Case, tolerance: Tolerance) -> Result<()> {
        match (self, &case.refused) {
            (Self::Refused(line), Some(expected)) => {
                ensure!(line == expected, "refused with `{line}`, expected `{expected}`");
                Ok(())
            }
            (Self::Refused(line), None) => bail!("refused with `{line}`"),
            (Self::Served(_), Some(expected)) => bail!("accepted, expected `{expected}`"),
            (Self::Served(transcript), None) => transcript.check(case, tolerance),
        }
    }
}

impl Transcript {
    fn check(&self, case: &Case, tolerance: Tolerance) -> Result<()> {
        ensure!(self.steps.len() == case.traffic.len(), "{} steps were played", self.steps.len());
        for (index, (step, observed)) in case.traffic.iter().zip(&self.steps).enumerate() {
            check_step(step, observed, tolerance).with_context(|| format!("traffic[{index}]"))?;
        }
        check_counters(&case.counters, &self.metrics).map_err(|wrong| anyhow!("metrics: {wrong}"))
    }
}

fn check_step(step: &Step, observed: &[Observed], tolerance: Tolerance) -> Result<()> {
    if let Some(share) = step.expect.share {
        return check_share(&step.expect, share, &step.upstream, observed, tolerance)
            .map_err(|wrong| anyhow!(wrong));
    }
    for (n, one) in observed.iter().enumerate() {
        check(&step.expect, one, tolerance).map_err(|wrong| anyhow!("request {n}: {wrong}"))?;
    }
    Ok(())
}
