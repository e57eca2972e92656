//! What there is to say of a filter, read from its example and its `Cargo.toml`.

use crate::text::{block_below, indent_of};
use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use serde_yaml_ng::Value;
use std::fs;
use std::path::Path;

/// What Envoy does with requests when a filter's VM has failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailurePolicy {
    /// They are answered 503, until Envoy restarts.
    Closed,
    /// They pass without the filter, until Envoy restarts.
    Open,
    /// The VM is made anew; meanwhile they are answered 503.
    Reload,
}

impl FailurePolicy {
    /// As Envoy spells it.
    #[must_use]
    pub fn envoy(self) -> &'static str {
        match self {
            Self::Closed => "FAIL_CLOSED",
            Self::Open => "FAIL_OPEN",
            Self::Reload => "FAIL_RELOAD",
        }
    }

    /// As `WasmPlugin` and `TrafficExtension` spell it.
    #[must_use]
    pub fn istio(self) -> &'static str {
        match self {
            Self::Closed => "FAIL_CLOSE",
            Self::Open => "FAIL_OPEN",
            Self::Reload => "FAIL_RELOAD",
        }
    }

    fn parse(text: &str) -> Result<Self> {
        let all = [Self::Closed, Self::Open, Self::Reload];
        let found = all.into_iter().find(|policy| policy.envoy() == text);
        found.with_context(|| format!("`{text}` is no failure policy"))
    }
}

/// `[package.metadata.manifests]` of a filter's `Cargo.toml`: what an example cannot say.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields, default)]
pub struct Metadata {
    /// Whether requests pass when the VM has failed and the mesh knows no `FAIL_RELOAD` (Envoy
    /// Gateway).
    pub fail_open_without_reload: bool,
    /// Whose traffic a plugin of a labelled workload sees: `SERVER` (what it receives), `CLIENT` (what
    /// it sends) or `CLIENT_AND_SERVER`.
    pub mode: String,
}

impl Default for Metadata {
    fn default() -> Self {
        Self { fail_open_without_reload: false, mode: "SERVER".to_owned() }
    }
}

/// Whose traffic a listener of an example has, as its `traffic_direction` says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// What the workload receives.
    Inbound,
    /// What it sends.
    Outbound,
}

/// A filter as an example configures it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plugin {
    /// Its name, which the log has.
    pub name: String,
    /// The side that it is for, if the example makes a difference.
    pub side: Option<Side>,
    /// The configuration as YAML at the left margin, with the example's comments.
    pub configuration: String,
    /// What happens when the VM has failed.
    pub failure_policy: FailurePolicy,
    /// Why so.
    pub reason: String,
}

/// A filter, as manifests need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// The folder's name, e.g. `fault-injection`.
    pub folder: String,
    /// The module's name, e.g. `fault_injection`.
    pub name: String,
    /// The example's plugins; there is at least one.
    pub plugins: Vec<Plugin>,
    /// What the example cannot say.
    pub metadata: Metadata,
}

impl Source {
    /// The file that the configuration comes from, from the checkout's root.
    #[must_use]
    pub fn example(&self) -> String {
        format!("envoy-configs/{}.yaml", self.folder)
    }

    /// What is loaded on this side.
    ///
    /// # Errors
    /// There is no plugin at all.
    pub fn plugin(&self, side: Side) -> Result<&Plugin> {
        let own = self.plugins.iter().find(|plugin| plugin.side == Some(side));
        own.or_else(|| self.plugins.first()).context("no plugin")
    }

    /// Reads an example and the filter's `Cargo.toml`.
    ///
    /// # Errors
    /// The example does not load the filter, configures it by other means than a `Struct`, or does
    /// not say why its failure policy is what it is.
    pub fn read(folder: &str, example: &str, manifest: &str) -> Result<Self> {
        let name = folder.replace('-', "_");
        let whole: Value = serde_yaml_ng::from_str(example)?;
        let mut values = Vec::new();
        plugins_of(&whole, &format!("{name}.wasm"), None, &mut values);
        let lines: Vec<&str> = example.lines().collect();
        let code = format!("{name}.wasm}}}}");
        let ends = |(_, line): &(usize, &&str)| line.trim_end().ends_with(&code);
        let modules: Vec<usize> =
            lines.iter().enumerate().filter(ends).map(|(index, _)| index).collect();
        ensure!(!modules.is_empty(), "no line ends in {code}");
        ensure!(modules.len() == values.len(), "the example's text could not be cut out");
        let mut plugins: Vec<Plugin> = Vec::new();
        for (module, (side, value)) in modules.into_iter().zip(values) {
            let reason = plugins.first().map(|first| first.reason.clone());
            plugins.push(plugin(&lines, module, side, value, reason)?);
        }
        Ok(Self { folder: folder.to_owned(), name, plugins, metadata: metadata(manifest)? })
    }
}

/// The plugin around the line that names its module. What is cut out has to mean what the example
/// means, which is `value`.
fn plugin(
    lines: &[&str],
    module: usize,
    side: Option<Side>,
    value: &Value,
    reason: Option<String>,
) -> Result<Plugin> {
    let config = enclosing(lines, module, "config:")?;
    let (failure_policy, own_reason) = policy(lines, config)?;
    let reason = own_reason.or(reason);
    let reason = reason.context("say why in a comment right above failure_policy")?;
    let configuration = configuration(lines, config)?;
    let name = value.get("name").and_then(Value::as_str).context("a plugin has a name")?.to_owned();
    let cut: Value = serde_yaml_ng::from_str(&configuration)?;
    let same = value.get("configuration").and_then(|any| any.get("value")) == Some(&cut)
        && value.get("failure_policy").and_then(Value::as_str) == Some(failure_policy.envoy());
    ensure!(same, "the example's text could not be cut out");
    Ok(Plugin { name, side, configuration, failure_policy, reason })
}

/// Every filter, in order of name.
///
/// # Errors
/// A filter without an example, or as [`Source::read`].
pub fn sources() -> Result<Vec<Source>> {
    let parent = workspace_root().join("filters");
    let mut sources = Vec::new();
    for entry in fs::read_dir(&parent).with_context(|| format!("listing {}", parent.display()))? {
        let path = entry?.path();
        if !path.join("wasm/Cargo.toml").exists() {
            continue;
        }
        let folder = path.file_name().and_then(|name| name.to_str()).context("a folder's name")?;
        let example = workspace_root().join("envoy-configs").join(format!("{folder}.yaml"));
        let read = |file: &Path| fs::read_to_string(file).context(file.display().to_string());
        let source = Source::read(folder, &read(&example)?, &read(&path.join("Cargo.toml"))?);
        sources.push(source.with_context(|| example.display().to_string())?);
    }
    ensure!(!sources.is_empty(), "no filter in {}", parent.display());
    sources.sort_by(|a, b| a.folder.cmp(&b.folder));
    Ok(sources)
}

/// The checkout.
#[must_use]
pub fn workspace_root() -> &'static Path {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).unwrap_or(manifest)
}

fn metadata(manifest: &str) -> Result<Metadata> {
    let manifest: toml::Table = manifest.parse()?;
    let table = ["package", "metadata", "manifests"]
        .iter()
        .try_fold(&toml::Value::Table(manifest), |value, key| value.get(key))
        .cloned();
    let metadata: Metadata = table.map(toml::Value::try_into).transpose()?.unwrap_or_default();
    let modes = ["SERVER", "CLIENT", "CLIENT_AND_SERVER"];
    ensure!(modes.contains(&metadata.mode.as_str()), "mode {} is none of {modes:?}", metadata.mode);
    Ok(metadata)
}

/// The line `key` that the line at `inner` lies below.
fn enclosing(lines: &[&str], inner: usize, key: &str) -> Result<usize> {
    let mut margin = lines.get(inner).map_or(0, |line| indent_of(line));
    for (index, line) in lines.iter().enumerate().take(inner).rev() {
        if line.trim().is_empty() || indent_of(line) >= margin {
            continue;
        }
        margin = indent_of(line);
        if line.trim() == key {
            return Ok(index);
        }
    }
    bail!("no `{key}` around line {}", inner + 1)
}

/// The lines of the block that the line at `parent` opens, with their places.
fn children<'a>(lines: &[&'a str], parent: usize) -> Vec<(usize, &'a str)> {
    let margin = lines.get(parent).map_or(0, |line| indent_of(line));
    let below = lines.iter().copied().enumerate().skip(parent + 1);
    below.take_while(|(_, line)| line.trim().is_empty() || indent_of(line) > margin).collect()
}

/// The failure policy, and the comment right above it.
fn policy(lines: &[&str], config: usize) -> Result<(FailurePolicy, Option<String>)> {
    let found = children(lines, config).into_iter().find_map(|(index, line)| {
        line.trim().strip_prefix("failure_policy:").map(|policy| (index, policy.trim()))
    });
    let (index, policy) = found.context("no failure_policy")?;
    let above = lines.iter().take(index).rev();
    let comment = above.map_while(|line| line.trim().strip_prefix("# ")).collect::<Vec<_>>();
    let reason = comment.into_iter().rev().collect::<Vec<_>>().join(" ");
    Ok((FailurePolicy::parse(policy)?, Some(reason).filter(|reason| !reason.is_empty())))
}

/// The text of `configuration.value`.
fn configuration(lines: &[&str], config: usize) -> Result<String> {
    let all = children(lines, config);
    let key = all.iter().find(|(_, line)| line.trim() == "configuration:");
    let (any, _) = key.context("no `configuration:`")?;
    let below = children(lines, *any);
    let is_struct = |(_, line): &(usize, &str)| line.trim().ends_with("google.protobuf.Struct");
    ensure!(below.iter().any(is_struct), "the configuration is no google.protobuf.Struct");
    let value = below.iter().find(|(_, line)| line.trim().starts_with("value:"));
    let (value, line) = value.context("no `value:` in the configuration")?;
    match line.trim().strip_prefix("value:").map(str::trim) {
        Some("") => Ok(block_below(lines, *value)),
        Some(inline) => Ok(inline.to_owned()),
        None => bail!("no `value:` in the configuration"),
    }
}

/// Every plugin below `value` whose module is `file`, with its listener's side.
fn plugins_of<'a>(
    value: &'a Value,
    file: &str,
    side: Option<Side>,
    found: &mut Vec<(Option<Side>, &'a Value)>,
) {
    let path = ["vm_config", "code", "local", "filename"];
    let module = path.iter().try_fold(value, |value, key| value.get(key)).and_then(Value::as_str);
    if module.is_some_and(|module| module.rsplit('/').next() == Some(file)) {
        found.push((side, value));
        return;
    }
    let side = match value.get("traffic_direction").and_then(Value::as_str) {
        Some("INBOUND") => Some(Side::Inbound),
        Some("OUTBOUND") => Some(Side::Outbound),
        _ => side,
    };
    match value {
        Value::Mapping(fields) => {
            fields.values().for_each(|field| plugins_of(field, file, side, found));
        }
        Value::Sequence(items) => items.iter().for_each(|item| plugins_of(item, file, side, found)),
        _ => {}
    }
}

#[cfg(test)]
mod tests;
