//! Calls outside any stream, made again and again, and what became of them.

use crate::MOMENT;
use filter_api::{
    Callout, Cluster, ConfigError, Counter, Effects, MetricRegistry, RootDecision, Stat,
};
use std::time::Duration;

/// Calls made.
pub(crate) const MADE: Stat = Stat::counter("calls_made", "Calls made");
/// Calls whose end was told.
pub(crate) const ENDED: Stat = Stat::counter("calls_ended", "Calls that ended, however");

/// Between two rounds of calls.
const PERIOD: Duration = Duration::from_millis(5);

/// Whom to call.
pub(crate) struct Calls {
    cluster: Option<Cluster>,
    is_quiet: bool,
    made: Counter,
    ended: Counter,
}

impl Calls {
    pub(crate) fn configure(
        config: &[u8],
        metrics: &mut dyn MetricRegistry,
    ) -> Result<Self, ConfigError> {
        let name = String::from_utf8_lossy(config);
        // An empty service name ends the process; the contract has no such cluster.
        let cluster = Cluster::new(name.trim());
        if cluster.is_ok() == name.trim().is_empty() {
            return Err(ConfigError::new("", "an empty cluster name was taken for one"));
        }
        let is_quiet = name.trim() == "quiet";
        Ok(Self {
            cluster: cluster.ok().filter(|_| !is_quiet),
            is_quiet,
            made: metrics.counter(&MADE, ""),
            ended: metrics.counter(&ENDED, ""),
        })
    }

    /// When to call next; `None` for never.
    pub(crate) fn period(&self) -> Option<Duration> {
        (!self.is_quiet).then_some(PERIOD)
    }

    /// A round of calls.
    pub(crate) fn make(&self) -> RootDecision {
        let mut effects = Effects::default();
        let callouts: Vec<_> = self.cluster.iter().flat_map(both_kinds).collect();
        for _ in &callouts {
            effects.count(self.made);
        }
        RootDecision { wake_after: self.period(), callouts, effects }
    }

    /// One call ended.
    pub(crate) fn ended(&self) -> RootDecision {
        let mut effects = Effects::default();
        effects.count(self.ended);
        RootDecision { effects, ..RootDecision::default() }
    }
}

fn both_kinds(cluster: &Cluster) -> [Callout; 2] {
    [
        Callout::Grpc {
            tag: 1,
            cluster: cluster.clone(),
            service: "nobody.Here".to_owned(),
            method: "Call".to_owned(),
            message: Vec::new(),
            timeout: Duration::ZERO,
        },
        Callout::HttpGet {
            tag: 2,
            cluster: cluster.clone(),
            authority: "nobody".to_owned(),
            path: "/".to_owned(),
            headers: Vec::new(),
            timeout: MOMENT,
            max_body_size: 0,
        },
    ]
}
