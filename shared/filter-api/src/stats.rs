//! Metrics: declared once per filter, as the list that is also their documentation.

/// The host's handle of a counter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Counter(pub u32);

/// The host's handle of a gauge, process-wide and by name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Gauge(pub u32);

/// What kind of metric a [`Stat`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StatKind {
    /// Only rises.
    Counter,
    /// Rises and falls.
    Gauge,
}

/// One metric, or one per rule, of a filter.
#[derive(Clone, Copy, Debug)]
pub struct Stat {
    /// The name below `<filter>.`; `<rule>` in it stands for a rule's name.
    pub name: &'static str,
    /// Counter or gauge.
    pub kind: StatKind,
    /// The description in the filter's README.
    pub help: &'static str,
}

impl Stat {
    /// Declares a counter.
    #[must_use]
    pub const fn counter(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: StatKind::Counter, help }
    }

    /// Declares a gauge.
    #[must_use]
    pub const fn gauge(name: &'static str, help: &'static str) -> Self {
        Self { name, kind: StatKind::Gauge, help }
    }

    /// The name with `<rule>` filled in.
    #[must_use]
    pub fn name_for(&self, rule: &str) -> String {
        // By single characters: the search for a text is 3 KB in every module.
        match self.name.split_once('<') {
            Some((before, rest)) => {
                let after = rest.split_once('>').map_or("", |(_, after)| after);
                [before, rule, after].concat()
            }
            None => self.name.to_owned(),
        }
    }
}

/// Where a filter defines its metrics while it is configured. Names are prefixed with the filter's
/// name by the adapter; defining one twice gives the same handle.
pub trait MetricRegistry {
    /// Defines the counter `stat` of `rule` (ignored where the name has no `<rule>`).
    fn counter(&mut self, stat: &Stat, rule: &str) -> Counter;

    /// Defines the gauge `stat` of `rule` (ignored where the name has no `<rule>`).
    fn gauge(&mut self, stat: &Stat, rule: &str) -> Gauge;
}

/// Host calls that failed where a filter needed them. Every filter lists it: it should stay 0.
pub const HOST_ERRORS: Stat =
    Stat::counter("host_errors", "Host calls that failed; the filter's failure mode decided.");
