//! What stands in the files for names, addresses, times and other files.

use anyhow::{Context as _, Result, bail, ensure};
use serde_json::{Value, json};
use std::net::SocketAddr;

use crate::table::{Door, Table};

/// Fills in what differs from one process, and one machine, to the other.
#[derive(Clone, Debug)]
pub struct Template {
    /// Who listens where.
    pub table: Table,
    /// Whether each process has an address of its own, which is its name, as in docker-compose.
    pub compose: bool,
    /// Times on the pages are multiplied by this.
    pub scale: f64,
    /// The folder of the modules, as Envoy sees it.
    pub modules: String,
    /// The folder of certificates and keys, as Envoy sees it.
    pub certificates: String,
    /// Where a Zipkin server listens, if it does not at its usual port.
    pub zipkin: Option<SocketAddr>,
    /// Where Envoy's rate-limit service listens, if it does not at its usual port.
    pub ratelimit: Option<SocketAddr>,
}

impl Template {
    /// For containers: each process has its name for an address, and the paths are those of
    /// `envoy-configs/compose`.
    #[must_use]
    pub fn for_compose(table: Table) -> Self {
        Self {
            table,
            compose: true,
            scale: 1.0,
            modules: "/etc/ballast/filters".to_owned(),
            certificates: "/etc/ballast/certificates".to_owned(),
            zipkin: None,
            ratelimit: None,
        }
    }

    /// Fills in one value and all below it, for the process `instance`.
    ///
    /// A text that is nothing but `${<instance>.<door>}`, `${zipkin}` or `${ratelimit}` becomes Envoy's `Address`, with
    /// `.listen` the one to listen on; `self` is the process itself. In any other text, `${self}`,
    /// `${service}`, `${version}`, `${modules}` and `${certificates}` are replaced, and `${7s}` is a time
    /// on a page.
    ///
    /// # Errors
    /// Something that is none of these.
    pub fn fill(&self, value: &mut Value, instance: &str) -> Result<()> {
        match value {
            Value::Array(items) => items.iter_mut().try_for_each(|item| self.fill(item, instance)),
            Value::Object(fields) => {
                fields.values_mut().try_for_each(|field| self.fill(field, instance))
            }
            Value::String(text) if text.contains("${") => {
                let filled = match self.address(text, instance)? {
                    Some(address) => address,
                    None => Value::String(self.text(text, instance)?),
                };
                *value = filled;
                Ok(())
            }
            Value::Bool(_) | Value::Null | Value::Number(_) | Value::String(_) => Ok(()),
        }
    }

    /// A time on a page, here: `7s` with a scale of a tenth is `0.700s`.
    ///
    /// # Errors
    /// It is not a number of seconds.
    pub fn time(&self, text: &str) -> Result<String> {
        let seconds: Option<f64> = text.strip_suffix('s').and_then(|text| text.parse().ok());
        let seconds = seconds.with_context(|| format!("`{text}` is no time"))?;
        Ok(format!("{:.3}s", seconds * self.scale))
    }

    /// The address where one reaches the door of an instance, or where it listens.
    fn address(&self, text: &str, instance: &str) -> Result<Option<Value>> {
        let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
        let part = match inner {
            Some("zipkin") => Some(("zipkin", self.zipkin, 9411)),
            Some("ratelimit") => Some(("ratelimit", self.ratelimit, 8081)),
            _ => None,
        };
        if let Some((name, addr, usual)) = part {
            let host = if self.compose { name } else { "127.0.0.1" };
            let port = addr.map_or(usual, |addr| addr.port());
            return Ok(Some(json!({"socket_address": {"address": host, "port_value": port}})));
        }
        let Some((name, door)) = inner.and_then(|inner| inner.split_once('.')) else {
            return Ok(None);
        };
        let (door, listens) = match door.split_once('.') {
            Some((door, "listen")) => (door, true),
            _ => (door, false),
        };
        let Some(door) = Door::from_word(door) else { return Ok(None) };
        let named = if name == "self" { instance } else { name };
        let host = match (self.compose, listens) {
            (false, _) => "127.0.0.1",
            (true, true) => "0.0.0.0",
            // An application shares its sidecar's network.
            (true, false) if name == "self" => "127.0.0.1",
            (true, false) => named,
        };
        let port = self.table.port(named, door)?;
        Ok(Some(json!({"socket_address": {"address": host, "port_value": port}})))
    }

    fn text(&self, text: &str, instance: &str) -> Result<String> {
        let mut filled = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once("${") {
            let (word, after) = after.split_once('}').context("a placeholder without an end")?;
            filled.push_str(before);
            filled.push_str(&self.word(word, instance).with_context(|| format!("in `{text}`"))?);
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    fn word(&self, word: &str, instance: &str) -> Result<String> {
        let service = self.table.service(instance)?;
        Ok(match word {
            "self" => service.instance.clone(),
            "service" => service.service().to_owned(),
            "version" => service.version().to_owned(),
            "modules" => self.modules.clone(),
            "certificates" => self.certificates.clone(),
            time if time.starts_with(|first: char| first.is_ascii_digit()) => self.time(time)?,
            other => bail!("nothing is called `{other}`"),
        })
    }
}

/// The file that a text `include <file>` names.
pub(crate) fn included(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix("include ")
}

/// The side that a text `filters <side>` names.
pub(crate) fn filters_of(value: &Value) -> Option<&str> {
    value.as_str()?.strip_prefix("filters ")
}

/// Reads YAML as the JSON that it stands for.
pub(crate) fn yaml(text: &str) -> Result<Value> {
    let value: Value = serde_yaml_ng::from_str(text)?;
    ensure!(!value.is_null(), "an empty file");
    Ok(value)
}

#[cfg(test)]
mod tests {
    use super::Template;
    use crate::table::Table;
    use serde_json::{Value, json};

    fn fill(text: &str, compose: bool) -> anyhow::Result<Value> {
        let table = Table::parse(
            "services:\n- {instance: a-1, service: a, offset: 4}\n- {instance: b, offset: 10}\n",
        )?;
        let template = Template {
            table,
            compose,
            scale: 0.1,
            modules: "/m".to_owned(),
            certificates: "/c".to_owned(),
            zipkin: None,
            ratelimit: None,
        };
        let mut value = json!([{"x": text}]);
        template.fill(&mut value, "a-1")?;
        Ok(value[0]["x"].clone())
    }

    #[test]
    fn addresses_are_of_this_machine_or_of_containers() {
        let socket = |address: &str, port: u16| json!({"socket_address": {"address": address, "port_value": port}});
        assert_eq!(fill("${b.inbound}", false).unwrap(), socket("127.0.0.1", 20_011));
        assert_eq!(fill("${b.inbound}", true).unwrap(), socket("b", 20_011));
        assert_eq!(fill("${zipkin}", false).unwrap(), socket("127.0.0.1", 9411));
        assert_eq!(fill("${ratelimit}", true).unwrap(), socket("ratelimit", 8081));
        assert_eq!(fill("${self.app}", true).unwrap(), socket("127.0.0.1", 20_004));
        assert_eq!(fill("${self.admin.listen}", true).unwrap(), socket("0.0.0.0", 20_007));
        assert_eq!(fill("${self.admin.listen}", false).unwrap(), socket("127.0.0.1", 20_007));
    }

    #[test]
    fn words_and_times_are_filled_in_and_nothing_else() {
        assert_eq!(fill("${service} ${self}-${version}", false).unwrap(), "a a-1-v1");
        assert_eq!(fill("${modules}/x.wasm", false).unwrap(), "/m/x.wasm");
        assert_eq!(fill("${7s}", false).unwrap(), "0.700s");
        assert_eq!(fill("%START_TIME% $1", false).unwrap(), "%START_TIME% $1");
        for wrong in ["${nothing}", "${self", "${7m}", "${c.app}"] {
            assert!(fill(wrong, false).is_err(), "{wrong}");
        }
    }
}
