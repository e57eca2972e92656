//! Scenarios as data.

mod value;

pub use value::{Bounds, HeaderBytes, HexBytes};

use anyhow::{Context, Result, bail, ensure};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// One file of `cases/`: a configuration, and either traffic or the line it is refused with.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Case {
    /// The file's name without `.yaml`.
    pub name: String,
    /// The plugin configuration.
    #[serde(default)]
    pub config: serde_json::Value,
    /// The plugin configuration as text that need not be JSON, instead of `config`.
    pub config_text: Option<String>,
    /// Whether Envoy runs the case too.
    #[serde(default = "yes")]
    pub envoy: bool,
    /// Why Envoy does not.
    pub why: Option<String>,
    /// Whether the price of its first request is measured.
    #[serde(default)]
    pub bench: bool,
    /// Seed of the simulated randomness.
    #[serde(default)]
    pub seed: u64,
    /// The time of day at which the case begins, in seconds since the epoch. Not for Envoy.
    pub unix_time: Option<u64>,
    /// What is sent, in order.
    #[serde(default)]
    pub traffic: Vec<Step>,
    /// Metrics after all traffic, by name without the filter's prefix.
    #[serde(default)]
    pub counters: BTreeMap<String, Bounds>,
    /// The configuration is refused with exactly this line.
    pub refused: Option<String>,
}

/// Something that happens: requests, or time that passes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Lets this many milliseconds pass, before the request if there is one.
    #[serde(default)]
    pub wait_ms: u64,
    /// The request.
    pub request: Option<Request>,
    /// What the upstream answers.
    #[serde(default)]
    pub upstream: Upstream,
    /// What the downstream, the upstream and the access log see.
    #[serde(default)]
    pub expect: Expect,
}

/// A request. `{n}` in a header's value stands for the number of the repetition, from 0.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Request {
    /// `:method`.
    pub method: String,
    /// `:path`.
    pub path: String,
    /// `:authority`.
    pub authority: String,
    /// Further headers, in order; names may repeat.
    pub headers: Vec<(String, HeaderBytes)>,
    /// Adds `content-type: application/grpc`.
    pub grpc: bool,
    /// How often it is sent.
    pub repeat: u32,
    /// Whether all repetitions are under way at the same time.
    pub concurrent: bool,
    /// Attributes of the host, by their path joined with dots. Not for Envoy.
    pub properties: BTreeMap<String, HeaderBytes>,
    /// The client goes away after this many milliseconds.
    pub leaves_after_ms: Option<u64>,
}

/// The upstream's answer.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Upstream {
    /// Status.
    pub status: u16,
    /// Headers but `content-length`, which is the body's.
    pub headers: Vec<(String, String)>,
    /// Body; empty means that the headers are all.
    pub body: String,
    /// The body is this many times `body`.
    pub body_times: usize,
}

/// What is expected of one request. What is not given is not checked.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Expect {
    /// The downstream's status.
    pub status: Option<u16>,
    /// The downstream's body, whole.
    pub body: Option<String>,
    /// The length of the downstream's body.
    pub body_length: Option<usize>,
    /// Headers the downstream is given: all values of the name, joined with `,`.
    pub headers: BTreeMap<String, String>,
    /// Headers the downstream is given, whatever their values.
    pub present_headers: Vec<String>,
    /// Headers the downstream is not given.
    pub absent_headers: Vec<String>,
    /// `%RESPONSE_CODE_DETAILS%`.
    pub details: Option<String>,
    /// From the request's first byte to the end, in milliseconds, but for the executor's tolerance.
    pub delay_ms: Option<Bounds>,
    /// Whether the stream was reset.
    pub reset: Option<bool>,
    /// Whether the upstream was given the request.
    pub upstream_called: Option<bool>,
    /// Headers the upstream is given: all values of the name, joined with `,`.
    pub upstream_headers: BTreeMap<String, String>,
    /// Headers the upstream is not given.
    pub absent_upstream_headers: Vec<String>,
    /// The filter state of the filter's name; `""` where there is none.
    pub filter_state: Option<String>,
    /// Filter state of other keys; `""` where there is none.
    pub filter_states: BTreeMap<String, String>,
    /// Instead of each request: this share of many is as described, the others pass untouched.
    pub share: Option<Share>,
}

/// A share of many requests.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Share {
    /// How many requests; takes the place of `repeat`.
    pub of: u32,
    /// Percent of them, checked within 99.9 % binomial bounds.
    pub percent: f64,
}

impl Default for Request {
    fn default() -> Self {
        Self {
            method: "GET".to_owned(),
            path: "/".to_owned(),
            authority: "service.example".to_owned(),
            headers: Vec::new(),
            grpc: false,
            repeat: 1,
            concurrent: false,
            properties: BTreeMap::new(),
            leaves_after_ms: None,
        }
    }
}

impl Default for Upstream {
    fn default() -> Self {
        Self { status: 200, headers: Vec::new(), body: "upstream".to_owned(), body_times: 1 }
    }
}

impl Case {
    /// Reads one case.
    ///
    /// # Errors
    /// What is wrong with the text, or a case that says too little or contradicts itself.
    pub fn parse(text: &str) -> Result<Self> {
        let case: Self = serde_yaml_ng::from_str(text)?;
        ensure!(case.refused.is_some() == case.traffic.is_empty(), "either `traffic` or `refused`");
        ensure!(case.envoy || case.why.is_some(), "`envoy: false` needs a `why`");
        ensure!(!case.envoy || case.unix_time.is_none(), "Envoy has no settable time of day");
        let mut requests = case.traffic.iter().filter_map(|step| step.request.as_ref());
        ensure!(
            !case.envoy || requests.all(|request| request.properties.is_empty()),
            "Envoy has attributes of its own"
        );
        Ok(case)
    }

    /// The keys of filter state, beside the filter's name, that some step expects.
    #[must_use]
    pub fn filter_state_keys(&self) -> BTreeSet<String> {
        self.traffic.iter().flat_map(|step| step.expect.filter_states.keys().cloned()).collect()
    }

    /// The configuration as the host hands it over.
    #[must_use]
    pub fn config_bytes(&self) -> Vec<u8> {
        match &self.config_text {
            Some(text) => text.clone().into_bytes(),
            None => self.config.to_string().into_bytes(),
        }
    }
}

impl Upstream {
    /// The whole body.
    #[must_use]
    pub fn body_bytes(&self) -> Vec<u8> {
        self.body.repeat(self.body_times).into_bytes()
    }
}

/// Every `*.yaml` of a directory, sorted by name.
///
/// # Errors
/// A directory or file that cannot be read, a case that cannot be parsed or has another name than
/// its file, and a directory without cases.
pub fn load_cases(directory: &Path) -> Result<Vec<Case>> {
    let mut paths = Vec::new();
    let entries =
        std::fs::read_dir(directory).with_context(|| format!("reading {}", directory.display()))?;
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            paths.push(path);
        }
    }
    paths.sort();
    ensure!(!paths.is_empty(), "no case in {}", directory.display());
    let mut cases = Vec::with_capacity(paths.len());
    for path in paths {
        let text = std::fs::read_to_string(&path)?;
        let case = Case::parse(&text).with_context(|| format!("case {}", path.display()))?;
        if path.file_stem().is_none_or(|stem| *stem != *case.name) {
            bail!("case {} is named `{}`", path.display(), case.name);
        }
        cases.push(case);
    }
    Ok(cases)
}

fn yes() -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn a_case_that_says_too_little_or_contradicts_itself_is_refused() {
        let traffic = "traffic: [{request: {}, expect: {status: 200}}]";
        assert!(Case::parse(&format!("name: a\n{traffic}")).is_ok());
        for text in [
            "name: a".to_owned(),
            format!("name: a\n{traffic}\nrefused: x"),
            format!("name: a\n{traffic}\nenvoy: false"),
            format!("name: a\n{traffic}\nunix_time: 5"),
            "name: a\ntraffic: [{request: {properties: {a.b: c}}}]".to_owned(),
            format!("name: a\n{traffic}\nunknown: 5"),
        ] {
            assert!(Case::parse(&text).is_err(), "{text}");
        }
    }

    #[test]
    fn header_values_are_text_with_numbers_or_bytes() {
        let read = |yaml: &str| serde_yaml_ng::from_str::<HeaderBytes>(yaml);
        assert_eq!(read("user-{n}").unwrap().bytes(7), b"user-7");
        assert_eq!(read("{hex: ff41}").unwrap().bytes(7), b"\xffA");
        assert!(read("{hex: f}").is_err() && read("{hex: xx}").is_err());
    }
}
