//! A module in the real Envoy, with a client and an upstream of its own for each case.

mod backend;
mod served;

use super::Run;
use super::play::play;
use super::refusal::refusal;
use crate::Filter;
use anyhow::{Context as _, Result, bail, ensure};
use backend::Backend;
use envoy_runner::{
    Bootstrap, Cluster, EnvoyProcess, Launch, Listener, PluginConfiguration, Route, StartError,
    WasmFilter, Wheel,
};
use filter_testing::{Case, Tolerance};
use served::Served;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Names a request to the upstream and in the access log; the client adds it to each.
const EXCHANGE_HEADER: &str = "x-test-exchange";

/// In what a case's configuration reaches the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Envelope {
    /// A `google.protobuf.StringValue`: the text as it is.
    StringValue,
    /// A `google.protobuf.Struct`: Envoy writes the JSON anew, every number a double.
    Struct,
}

/// Runs cases on a packaged module in the real Envoy: one Envoy for each case, so that metrics and
/// shared data are the case's own.
pub struct EnvoyExecutor {
    wheel: Wheel,
    filter: String,
    module: PathBuf,
}

impl EnvoyExecutor {
    /// How far times may be off: Envoy's timers may be a tick early, and a busy machine is late.
    pub const TOLERANCE: Tolerance =
        Tolerance { early: Duration::from_millis(5), late: Duration::from_millis(250) };

    /// This filter in this Envoy.
    #[must_use]
    pub fn new(wheel: &Wheel, filter: &Filter) -> Self {
        let (filter, module) = (filter.name.clone(), filter.module.clone());
        Self { wheel: wheel.clone(), filter, module }
    }

    /// Runs a case. Where its configuration is refused, Envoy did not start.
    ///
    /// # Errors
    /// Envoy ends, or does not answer; a configuration is refused with other than one line.
    pub fn run(&self, case: &Case, envelope: Envelope) -> Result<Run> {
        let backend = Backend::start()?;
        let listener = self.listener(case, envelope, &self.filter)?;
        let bootstrap = Bootstrap::new().listener(listener);
        match self.start(bootstrap, backend.addr()) {
            Ok(envoy) => {
                let mut proxy = Served::new(
                    envoy,
                    &case.name,
                    &self.filter,
                    case.filter_state_keys(),
                    backend,
                )?;
                let transcript = play(case, &mut proxy)?;
                proxy.ensure_alive()?;
                Ok(Run::Served(transcript))
            }
            Err(error) => {
                let refused: StartError = error.downcast().context("Envoy cannot be started")?;
                ensure!(refused.status.is_some(), "{refused}");
                let lines = refused.lines.iter().map(String::as_str);
                Ok(Run::Refused(refusal(&self.filter, lines)?))
            }
        }
    }

    /// Loads the configurations of all these cases in one Envoy, one listener each.
    ///
    /// # Errors
    /// Envoy refuses one of them; two cases have the same name.
    pub fn accept_all(&self, cases: &[Case], envelope: Envelope) -> Result<()> {
        let backend = Backend::start()?;
        let mut bootstrap = Bootstrap::new();
        for case in cases {
            bootstrap = bootstrap.listener(self.listener(case, envelope, &case.name)?);
        }
        let envoy = self.start(bootstrap, backend.addr())?;
        let serving = envoy.listeners()?.len();
        ensure!(serving == cases.len(), "{serving} of {} configurations serve", cases.len());
        Ok(())
    }

    /// Offers the configurations of all these cases, which are to be refused, to one Envoy, one
    /// listener each, and gives what became of each. Another listener, with the configuration of
    /// `accepted`, keeps the module compiled meanwhile.
    ///
    /// # Errors
    /// Envoy accepts them all, or cannot be started.
    pub fn refuse_all(&self, accepted: &Case, cases: &[Case]) -> Result<Vec<Result<Run>>> {
        let backend = Backend::start()?;
        let keeper = self.listener(accepted, Envelope::StringValue, &accepted.name)?;
        let mut bootstrap = Bootstrap::new().listener(keeper).dynamic_listeners();
        for case in cases {
            bootstrap =
                bootstrap.listener(self.listener(case, Envelope::StringValue, &case.name)?);
        }
        let Err(error) = self.start(bootstrap, backend.addr()) else {
            bail!("all {} configurations were accepted", cases.len());
        };
        let refused: StartError = error.downcast().context("Envoy cannot be started")?;
        ensure!(
            refused.status.is_none(),
            "Envoy ended where it should keep its listeners: {refused}"
        );
        let refusal_of = |case: &Case| {
            let said = format!("wasm log {}: ", case.name);
            let lines =
                refused.lines.iter().map(String::as_str).filter(|line| line.contains(&said));
            Ok(Run::Refused(refusal(&self.filter, lines)?))
        };
        Ok(cases.iter().map(refusal_of).collect())
    }

    /// The root id stands before the module's lines in Envoy's log.
    fn listener(&self, case: &Case, envelope: Envelope, root_id: &str) -> Result<Listener> {
        let configuration = match envelope {
            Envelope::StringValue => {
                PluginConfiguration::Text(String::from_utf8(case.config_bytes())?)
            }
            Envelope::Struct => {
                let tree = serde_json::from_slice(&case.config_bytes());
                PluginConfiguration::Struct(tree.context("only JSON goes into a Struct")?)
            }
        };
        let wasm = WasmFilter::new(&self.filter, &self.module)
            .configuration(&configuration)
            .root_id(root_id);
        let listener = Listener::new(&case.name)
            .filter(wasm)
            .route(Route::cluster("/", "upstream"))
            // What is measured is the filter's time, not how long a closed connection lingers.
            .delayed_close_timeout(Duration::from_millis(10))
            .log_field("exchange", &format!("%REQ({EXCHANGE_HEADER})%"))
            .log_filter_state(&self.filter);
        Ok(case.filter_state_keys().iter().fold(listener, |log, key| log.log_filter_state(key)))
    }

    fn start(&self, bootstrap: Bootstrap, upstream: SocketAddr) -> Result<EnvoyProcess> {
        let bootstrap = bootstrap.cluster(Cluster::new("upstream", upstream));
        Launch::new(&self.wheel, bootstrap.document()).start()
    }
}
