//! Metrics: process-wide by name, so that a gauge is shared by all workers.

use std::collections::BTreeMap;

/// One metric's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metric {
    /// Only grows.
    Counter(u64),
    /// Goes both ways; below zero it wraps to 2^64-n, as Envoy's does.
    Gauge(u64),
    /// Every value recorded, in order.
    Histogram(Vec<u64>),
}

/// The ABI's metric types, which are also the low two bits of a metric id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum MetricType {
    Counter,
    Gauge,
    Histogram,
}

impl MetricType {
    /// The type of an ABI number.
    pub(crate) fn from_abi(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Counter),
            1 => Some(Self::Gauge),
            2 => Some(Self::Histogram),
            _ => None,
        }
    }
}

#[derive(Default)]
pub(crate) struct Metrics {
    /// A counter and a gauge of one name are two metrics.
    values: BTreeMap<(MetricType, Vec<u8>), Metric>,
}

impl Metrics {
    /// Makes the metric exist.
    pub(crate) fn define(&mut self, kind: MetricType, name: &[u8]) {
        self.values.entry((kind, name.to_vec())).or_insert_with(|| match kind {
            MetricType::Counter => Metric::Counter(0),
            MetricType::Gauge => Metric::Gauge(0),
            MetricType::Histogram => Metric::Histogram(Vec::new()),
        });
    }

    /// A defined metric.
    pub(crate) fn get_mut(&mut self, kind: MetricType, name: &[u8]) -> Option<&mut Metric> {
        self.values.get_mut(&(kind, name.to_vec()))
    }

    /// Every metric by name, with lossy UTF-8; the order is by type, then name.
    pub(crate) fn all(&self) -> Vec<(String, Metric)> {
        self.values
            .iter()
            .map(|((_, name), value)| (String::from_utf8_lossy(name).into_owned(), value.clone()))
            .collect()
    }
}
