//! Metrics in memory.

use filter_api::{Counter, Gauge, MetricRegistry, Stat};
use std::collections::BTreeMap;

/// Counters and gauges by name, without the filter's prefix.
#[derive(Clone, Debug, Default)]
pub struct Metrics {
    names: Vec<String>,
    values: BTreeMap<u32, u64>,
}

impl Metrics {
    /// The value of the metric `name`; `None` where it was never defined.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<u64> {
        let index = self.names.iter().position(|other| other == name)?;
        Some(self.get(u32::try_from(index).ok()?))
    }

    /// Every metric that is not 0.
    #[must_use]
    pub fn nonzero(&self) -> BTreeMap<String, u64> {
        (0..)
            .zip(&self.names)
            .filter(|(id, _)| self.get(*id) != 0)
            .map(|(id, name)| (name.clone(), self.get(id)))
            .collect()
    }

    /// Counts once.
    pub fn count(&mut self, counter: Counter) {
        self.count_by(counter, 1);
    }

    /// Counts so many times.
    pub fn count_by(&mut self, counter: Counter, by: u64) {
        *self.values.entry(counter.0).or_default() += by;
    }

    /// Sets a gauge.
    pub fn set_gauge(&mut self, gauge: Gauge, value: u64) {
        self.values.insert(gauge.0, value);
    }

    /// Raises a gauge unless that would raise it above `limit`.
    pub(crate) fn raise(&mut self, gauge: Gauge, limit: u64) -> bool {
        let value = self.values.entry(gauge.0).or_default();
        let raised = *value < limit;
        *value += u64::from(raised);
        raised
    }

    /// Lowers a gauge; `false` where it is 0 already, which Envoy would wrap to 2^64 − 1.
    pub fn lower(&mut self, gauge: Gauge) -> bool {
        let value = self.values.entry(gauge.0).or_default();
        let lowered = *value > 0;
        *value -= u64::from(lowered);
        lowered
    }

    fn get(&self, id: u32) -> u64 {
        self.values.get(&id).copied().unwrap_or_default()
    }

    /// Defining a name twice gives the same handle, as in Envoy.
    fn define(&mut self, name: String) -> u32 {
        let index = self.names.iter().position(|other| *other == name).unwrap_or_else(|| {
            self.names.push(name);
            self.names.len() - 1
        });
        u32::try_from(index).unwrap_or(u32::MAX)
    }
}

impl MetricRegistry for Metrics {
    fn counter(&mut self, stat: &Stat, rule: &str) -> Counter {
        Counter(self.define(stat.name_for(rule)))
    }

    fn gauge(&mut self, stat: &Stat, rule: &str) -> Gauge {
        Gauge(self.define(stat.name_for(rule)))
    }
}
