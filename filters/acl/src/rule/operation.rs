//! What is called: hosts, ports, methods, paths.

use super::value::Alternatives;
use super::{Reading, at, not_empty};
use crate::config::Operation;
use crate::facts::Facts;
use crate::gate::{Gate, Letters};
use crate::host_name::HostPattern;
use crate::path_pattern::PathPattern;
use crate::pattern::Pattern;
use attributes::Expression;
use filter_api::{ConfigError, Environment};
use filter_config::quoted;

const PORT: &str = "destination.port";

/// An `operation`, compiled.
#[derive(Debug)]
pub(super) struct OperationMatcher {
    methods: Alternatives,
    hosts: Alternatives<HostPattern>,
    paths: Alternatives<PathPattern>,
    ports: Alternatives,
    port: Expression,
}

impl OperationMatcher {
    pub(super) fn from_wire(wire: &Operation) -> Result<Self, ConfigError> {
        let compiled = Self {
            methods: list(("methods", &wire.methods), ("notMethods", &wire.not_methods), method)?,
            hosts: list(("hosts", &wire.hosts), ("notHosts", &wire.not_hosts), HostPattern::new)?,
            paths: list(("paths", &wire.paths), ("notPaths", &wire.not_paths), PathPattern::new)?,
            ports: list(("ports", &wire.ports), ("notPorts", &wire.not_ports), port)?,
            port: Expression::parse(PORT).map_err(|why| ConfigError::new("ports", why))?,
        };
        let is_empty = compiled.methods.is_empty()
            && compiled.hosts.is_empty()
            && compiled.paths.is_empty()
            && compiled.ports.is_empty();
        if is_empty {
            return Err(ConfigError::found("", "no field", "hosts, ports, methods, paths or not…"));
        }
        Ok(compiled)
    }

    /// The letters of the requests that it may be about.
    pub(super) fn gate(&self) -> Gate {
        fn of<P>(texts: &Option<Vec<P>>, letters: impl Fn(&P) -> Letters) -> Letters {
            texts.as_ref().map_or(Letters::ALL, |texts| {
                texts.iter().fold(Letters::NONE, |all, text| all.or(letters(text)))
            })
        }
        Gate {
            method: of(&self.methods.of, |method| method.letters().0),
            path_begin: of(&self.paths.of, |path| path.letters().0),
            path_end: of(&self.paths.of, |path| path.letters().1),
            host_end: of(&self.hosts.of, HostPattern::end),
        }
    }

    pub(super) fn matches(
        &self,
        facts: &mut Facts<'_>,
        reading: Reading,
        env: &mut dyn Environment,
    ) -> bool {
        self.is_method(facts, reading)
            && self.is_host(facts, reading)
            && self.is_path(facts, reading)
            && self.is_port(facts, reading, env)
    }

    fn is_method(&self, facts: &mut Facts<'_>, reading: Reading) -> bool {
        if self.methods.is_empty() {
            return true;
        }
        self.methods.is_met_by(facts.method(), reading)
    }

    fn is_host(&self, facts: &mut Facts<'_>, reading: Reading) -> bool {
        if self.hosts.is_empty() {
            return true;
        }
        let Some(host) = facts.host() else { return reading.missing };
        let (any, all) = (
            |list: &[HostPattern]| list.iter().any(|pattern| pattern.any(host)),
            |list: &[HostPattern]| list.iter().any(|pattern| pattern.all(host)),
        );
        let (of, not) = (self.hosts.of.as_deref(), self.hosts.not.as_deref());
        match reading.any {
            true => of.is_none_or(any) && not.is_none_or(|list| !all(list)),
            false => !host.has_user() && of.is_none_or(all) && not.is_none_or(|list| !any(list)),
        }
    }

    fn is_path(&self, facts: &mut Facts<'_>, reading: Reading) -> bool {
        if self.paths.is_empty() {
            return true;
        }
        let path = facts.path();
        if !path.is_there() {
            return reading.missing;
        }
        let is_one_of = |list: &[PathPattern], view: &[u8]| {
            list.iter().any(|pattern| pattern.matches(view, reading.ignore_path_case))
        };
        let (of, not) = (self.paths.of.as_deref(), self.paths.not.as_deref());
        match reading.any {
            true => {
                of.is_none_or(|list| path.any_or_shorter(|view| is_one_of(list, view)))
                    && not.is_none_or(|list| path.any(|view| !is_one_of(list, view)))
            }
            false => {
                of.is_none_or(|list| path.all(|view| is_one_of(list, view)))
                    && not.is_none_or(|list| path.all(|view| !is_one_of(list, view)))
            }
        }
    }

    fn is_port(&self, facts: &mut Facts<'_>, reading: Reading, env: &mut dyn Environment) -> bool {
        if self.ports.is_empty() {
            return true;
        }
        let Some(port) = facts.port(&self.port, env) else { return reading.missing };
        self.ports.is_met_by(port, reading)
    }
}

type Field<'a> = (&'a str, &'a Option<Vec<String>>);

/// Compiles a field and its negation.
fn list<P>(
    of: Field<'_>,
    not: Field<'_>,
    compile: fn(&str) -> Result<P, ConfigError>,
) -> Result<Alternatives<P>, ConfigError> {
    Ok(Alternatives { of: texts(of, compile)?, not: texts(not, compile)? })
}

/// Compiles every text of a field.
pub(super) fn texts<P>(
    (field, texts): Field<'_>,
    compile: impl Fn(&str) -> Result<P, ConfigError>,
) -> Result<Option<Vec<P>>, ConfigError> {
    let Some(texts) = texts else { return Ok(None) };
    not_empty(field, texts)?;
    let mut compiled = Vec::with_capacity(texts.len());
    for (index, text) in texts.iter().enumerate() {
        compiled.push(compile(text).map_err(|error| at(error, field, index))?);
    }
    Ok(Some(compiled))
}

fn method(text: &str) -> Result<Pattern, ConfigError> {
    let is_token = |byte: u8| byte.is_ascii_graphic() && !byte.is_ascii_lowercase();
    if text.is_empty() || !text.bytes().all(is_token) {
        let allowed = "a method such as GET: its case counts, and none has lower-case letters";
        return Err(ConfigError::found("", quoted(text), allowed));
    }
    Ok(Pattern::new(text))
}

fn port(text: &str) -> Result<Pattern, ConfigError> {
    match text.parse::<u16>() {
        // As the attribute is written: without zeros in front.
        Ok(_) if !text.starts_with(['0', '+']) => Ok(Pattern::new(text)),
        _ => Err(ConfigError::found("", quoted(text), "a port, 1 to 65535")),
    }
}
