//! The table of all processes: `envoy-configs/mesh/services.yaml`.

use anyhow::{Context as _, Result, bail, ensure};
use serde::Deserialize;
use std::collections::BTreeSet;
use std::net::{SocketAddr, TcpListener};

/// The first base that is tried.
const FIRST_BASE: u16 = 20_000;
/// Between two bases; every offset is below it.
const STRIDE: u16 = 200;
/// The ports that a row has to itself.
const DOORS: u16 = 5;
/// How many bases are tried: the last port lies below those that the system gives away.
const BASES: u16 = 60;

/// What kind of process stands at a row.
#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// The edge's Envoy.
    Gateway,
    /// An application and its Envoy.
    #[default]
    Sidecar,
    /// An application without one.
    Application,
}

/// One row.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct Service {
    /// Its own name, e.g. `recommendation-v2-a`.
    pub instance: String,
    /// The name that it shares with its like, e.g. `recommendation`. Default: the instance's.
    service: Option<String>,
    /// `v1` unless it says otherwise.
    version: Option<String>,
    /// What is started together. Default: `tutorial`.
    group: Option<String>,
    /// What it is.
    #[serde(default)]
    pub kind: Kind,
    /// Its ports, from the base.
    offset: u16,
    /// The host that its application calls.
    pub next: Option<String>,
    forward: Option<String>,
    on_error: Option<String>,
    mode: Option<String>,
}

/// Where one can knock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Door {
    /// Envoy's admin interface.
    Admin,
    /// The application itself.
    App,
    /// A sidecar's listener for what reaches the application.
    Inbound,
    /// A sidecar's listener for what the application calls.
    Outbound,
    /// A sidecar's listener with a tracer, behind the outbound one.
    Traced,
    /// The gateway's HTTP.
    Http,
    /// The gateway's TCP.
    Tcp,
}

impl Door {
    /// From its word in a placeholder.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        Some(match word {
            "admin" => Self::Admin,
            "app" => Self::App,
            "inbound" => Self::Inbound,
            "outbound" => Self::Outbound,
            "traced" => Self::Traced,
            "http" => Self::Http,
            "tcp" => Self::Tcp,
            _ => return None,
        })
    }

    fn offset(self) -> u16 {
        match self {
            Self::App | Self::Http => 0,
            Self::Inbound | Self::Tcp => 1,
            Self::Outbound => 2,
            Self::Admin => 3,
            Self::Traced => 4,
        }
    }
}

impl Service {
    /// The name that it shares with its like.
    #[must_use]
    pub fn service(&self) -> &str {
        self.service.as_deref().unwrap_or(&self.instance)
    }

    /// Its version.
    #[must_use]
    pub fn version(&self) -> &str {
        self.version.as_deref().unwrap_or("v1")
    }

    /// What it is started with.
    #[must_use]
    pub fn group(&self) -> &str {
        self.group.as_deref().unwrap_or("tutorial")
    }

    /// Whether it has an Envoy.
    #[must_use]
    pub fn has_envoy(&self) -> bool {
        self.kind != Kind::Application
    }

    /// Whether it has an application.
    #[must_use]
    pub fn has_application(&self) -> bool {
        self.kind != Kind::Gateway
    }

    /// Whether its application answers HTTP.
    #[must_use]
    pub fn answers_http(&self) -> bool {
        self.mode.as_deref() != Some("tcp-echo")
    }

    /// The application's command line, all but its addresses.
    #[must_use]
    pub fn arguments(&self) -> Vec<String> {
        let flags = [
            ("--name", Some(self.service())),
            ("--version", Some(self.version())),
            ("--host", Some(self.instance.as_str())),
            ("--next", self.next.as_deref()),
            ("--forward", self.forward.as_deref()),
            ("--on-error", self.on_error.as_deref()),
            ("--mode", self.mode.as_deref()),
        ];
        let given = flags.into_iter().filter_map(|(flag, value)| Some([flag, value?]));
        given.flatten().map(str::to_owned).collect()
    }
}

/// All rows, and the base of their ports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// The rows, in the order of the file.
    pub services: Vec<Service>,
    /// What every offset is added to.
    #[serde(skip)]
    pub base: u16,
}

impl Table {
    /// Reads the file's text; the base is the one that users are told.
    ///
    /// # Errors
    /// A row that cannot be read, or whose name or ports another has.
    pub fn parse(text: &str) -> Result<Self> {
        let mut table: Self = serde_yaml_ng::from_str(text).context("services.yaml")?;
        table.base = FIRST_BASE;
        let mut names = BTreeSet::new();
        let mut ports = BTreeSet::new();
        for service in &table.services {
            let instance = &service.instance;
            ensure!(names.insert(instance), "{instance} is there twice");
            ensure!(service.offset <= STRIDE - DOORS, "{instance}: the offset is too high");
            for port in service.offset..service.offset + DOORS {
                ensure!(ports.insert(port), "{instance}: {port} is another's");
            }
        }
        Ok(table)
    }

    /// The same rows at a base where every port is free now.
    ///
    /// # Errors
    /// There is none.
    pub fn on_free_ports(mut self) -> Result<Self> {
        for number in 0..BASES {
            self.base = FIRST_BASE + number * STRIDE;
            let mut ports = self.base..self.base + STRIDE;
            if ports.all(|port| TcpListener::bind(("127.0.0.1", port)).is_ok()) {
                return Ok(self);
            }
        }
        bail!("no {STRIDE} free ports in a row from {FIRST_BASE} on");
    }

    /// The row of an instance.
    ///
    /// # Errors
    /// There is none.
    pub fn service(&self, instance: &str) -> Result<&Service> {
        let found = self.services.iter().find(|service| service.instance == instance);
        found.with_context(|| format!("no {instance} in services.yaml"))
    }

    /// The port of a door.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn port(&self, instance: &str, door: Door) -> Result<u16> {
        Ok(self.base + self.service(instance)?.offset + door.offset())
    }

    /// The door's address on loopback.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn addr(&self, instance: &str, door: Door) -> Result<SocketAddr> {
        Ok(([127, 0, 0, 1], self.port(instance, door)?).into())
    }

    /// The rows that `name` means: an instance, or all of a service.
    ///
    /// # Errors
    /// There is none.
    pub fn named<'a>(&'a self, name: &'a str) -> Result<Vec<&'a Service>> {
        let is_meant = |service: &&Service| service.instance == name || service.service() == name;
        let found: Vec<_> = self.services.iter().filter(is_meant).collect();
        ensure!(!found.is_empty(), "no {name} in services.yaml");
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::{Door, Table};

    const TEXT: &str = "services:\n- {instance: gateway, kind: gateway, offset: 0}\n\
                        - {instance: a-1, service: a, offset: 5, next: b, forward: all}\n";

    #[test]
    fn ports_are_the_base_and_two_offsets() {
        let table = Table::parse(TEXT).unwrap();
        assert_eq!(table.addr("a-1", Door::Outbound).unwrap().to_string(), "127.0.0.1:20007");
        assert_eq!(table.port("gateway", Door::Admin).unwrap(), 20_003);
        assert_eq!(table.named("a").unwrap(), table.named("a-1").unwrap());
        assert!(table.port("b", Door::App).is_err() && table.named("b").is_err());
        let line = table.service("a-1").unwrap().arguments().join(" ");
        assert_eq!(line, "--name a --version v1 --host a-1 --next b --forward all");
    }

    #[test]
    fn a_base_with_a_port_in_use_is_passed_over() {
        let table = Table::parse(TEXT).unwrap().on_free_ports().unwrap();
        let _in_use = std::net::TcpListener::bind(("127.0.0.1", table.base + 7)).unwrap();
        assert!(Table::parse(TEXT).unwrap().on_free_ports().unwrap().base > table.base);
    }

    #[test]
    fn names_and_ports_belong_to_one_row() {
        for (row, why) in [
            ("{instance: a-1, offset: 8}", "a-1 is there twice"),
            ("{instance: b, offset: 9}", "b: 9 is another's"),
            ("{instance: b, offset: 196}", "b: the offset is too high"),
        ] {
            let error = Table::parse(&format!("{TEXT}- {row}\n")).unwrap_err();
            assert_eq!(error.to_string(), why);
        }
        assert!(Table::parse("services: [{instance: a, offset: 0, colour: red}]").is_err());
    }
}
