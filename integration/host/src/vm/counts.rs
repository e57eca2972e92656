//! How often each host function and each export was called, and what the exports cost.

use std::collections::BTreeMap;

/// Calls of one export.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExportStats {
    /// How often it ran.
    pub calls: u64,
    /// Instructions executed in all calls together: wasmtime's fuel, the same on every run and machine.
    pub fuel: u64,
    /// Instructions of the last call.
    pub last_fuel: u64,
}

/// Calls across the boundary in both directions.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CallCounts {
    /// Host functions by import name.
    pub host: BTreeMap<&'static str, u64>,
    /// Exports by name.
    pub exports: BTreeMap<&'static str, ExportStats>,
}

impl CallCounts {
    /// Calls of one host function.
    pub fn host(&self, name: &str) -> u64 {
        self.host.get(name).copied().unwrap_or(0)
    }

    /// Calls of all host functions together.
    pub fn host_total(&self) -> u64 {
        self.host.values().sum()
    }

    /// Calls of one export.
    pub fn export(&self, name: &str) -> ExportStats {
        self.exports.get(name).copied().unwrap_or_default()
    }

    /// Instructions of all exports together.
    pub fn fuel_total(&self) -> u64 {
        self.exports.values().map(|stats| stats.fuel).sum()
    }

    pub(crate) fn count_host(&mut self, name: &'static str) {
        *self.host.entry(name).or_default() += 1;
    }

    pub(crate) fn count_export(&mut self, name: &'static str, fuel: u64) {
        let stats = self.exports.entry(name).or_default();
        stats.calls += 1;
        stats.fuel += fuel;
        stats.last_fuel = fuel;
    }

    pub(crate) fn merge(&mut self, other: &Self) {
        for (name, count) in &other.host {
            *self.host.entry(name).or_default() += count;
        }
        for (name, stats) in &other.exports {
            let sum = self.exports.entry(name).or_default();
            sum.calls += stats.calls;
            sum.fuel += stats.fuel;
            sum.last_fuel = stats.last_fuel;
        }
    }
}
