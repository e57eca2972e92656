//! The filters that the tool knows: the pure ones, as the modules contain them.

use filter_api::{ConfigError, FailureMode, HttpFilter};
use filter_testing::Metrics;
use serde_json::Value;
use std::collections::BTreeSet;

/// A filter.
#[derive(Clone, Copy)]
pub(crate) struct Filter {
    /// Its name, e.g. `fault_injection`.
    pub(crate) name: &'static str,
    /// The JSON schema of its configuration.
    pub(crate) schema: &'static str,
    /// Its module, as Envoy loads it.
    pub(crate) module: &'static [u8],
    /// What happens to a request when the host fails.
    pub(crate) failure_mode: FailureMode,
    load: fn(&[u8]) -> Result<String, ConfigError>,
}

macro_rules! filter {
    ($filter:path, $folder:literal, $name:literal) => {
        Filter {
            name: <$filter>::NAME,
            schema: include_str!(concat!("../../../filters/", $folder, "/config.schema.json")),
            module: include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".wasm")),
            failure_mode: <$filter>::FAILURE_MODE,
            load: load::<$filter>,
        }
    };
}

/// Every filter, from the folders of `filters/`: a test of the house rules writes the lines.
pub(crate) const FILTERS: &[Filter] = &[
    // generated:filters
    filter! {acl::AclFilter, "acl", "acl"},
    filter! {fault_injection::FaultFilter, "fault-injection", "fault_injection"},
    filter! {rate_limit_quota::QuotaFilter, "rate-limit-quota", "rate_limit_quota"},
    filter! {routing_hints::RoutingHintsFilter, "routing-hints", "routing_hints"},
    filter! {trace_propagation::TraceFilter, "trace-propagation", "trace_propagation"},
    // /generated:filters
];

fn load<F: HttpFilter>(config: &[u8]) -> Result<String, ConfigError> {
    Ok(F::configure(config, &mut Metrics::default())?.summary())
}

impl Filter {
    /// The filter of this name, which may be written with hyphens.
    pub(crate) fn named(name: &str) -> Option<&'static Self> {
        let name = name.replace('-', "_");
        FILTERS.iter().find(|filter| filter.name == name)
    }

    /// Loads a configuration with the code of the module; what it understood, in one line.
    pub(crate) fn load(&self, config: &[u8]) -> Result<String, ConfigError> {
        (self.load)(config)
    }

    /// How many of the keys in a configuration are fields of this filter's, at whatever place.
    pub(crate) fn knows(&self, config: &Value) -> usize {
        let schema: Value = serde_json::from_str(self.schema).unwrap_or_default();
        let mut fields = BTreeSet::new();
        visit_keys(&schema, &mut |key| {
            fields.insert(key.to_owned());
        });
        let mut known = 0;
        visit_keys(config, &mut |key| known += usize::from(fields.contains(key)));
        known
    }

    /// The fields that a configuration may have at its top.
    pub(crate) fn fields(&self) -> Vec<String> {
        let schema: Value = serde_json::from_str(self.schema).unwrap_or_default();
        let fields = schema.get("properties").and_then(Value::as_object);
        fields.map(|fields| fields.keys().cloned().collect()).unwrap_or_default()
    }
}

/// Calls `visit` with every key in a value.
fn visit_keys(value: &Value, visit: &mut dyn FnMut(&str)) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                visit(key);
                visit_keys(value, visit);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| visit_keys(item, visit)),
        _ => {}
    }
}

/// The names of all filters, for messages.
pub(crate) fn names() -> String {
    FILTERS.iter().map(|filter| filter.name).collect::<Vec<_>>().join(", ")
}
