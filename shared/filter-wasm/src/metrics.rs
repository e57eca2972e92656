//! Defines a filter's metrics with the host.

use crate::hostcalls::{self, MetricType, Status};
use filter_api::{Counter, Gauge, MetricRegistry, Stat};

/// Defines metrics below `<filter>.`; keeps the first refusal for the caller.
pub(crate) struct HostMetrics {
    filter: &'static str,
    refused: Option<(String, Status)>,
}

impl HostMetrics {
    pub(crate) fn new(filter: &'static str) -> Self {
        Self { filter, refused: None }
    }

    /// The first metric that the host refused to define.
    pub(crate) fn refused(self) -> Option<(String, Status)> {
        self.refused
    }

    fn define(&mut self, kind: MetricType, stat: &Stat, rule: &str) -> u32 {
        let name = format!("{}.{}", self.filter, stat.name_for(rule));
        match hostcalls::define_metric(kind, &name) {
            Ok(id) => id,
            Err(status) => {
                self.refused.get_or_insert((name, status));
                0
            }
        }
    }
}

impl MetricRegistry for HostMetrics {
    fn counter(&mut self, stat: &Stat, rule: &str) -> Counter {
        Counter(self.define(MetricType::Counter, stat, rule))
    }

    fn gauge(&mut self, stat: &Stat, rule: &str) -> Gauge {
        Gauge(self.define(MetricType::Gauge, stat, rule))
    }
}
