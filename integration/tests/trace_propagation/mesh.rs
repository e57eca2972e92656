//! Services in a row: each an application behind an Envoy with an inbound and an outbound side.

use crate::filter;
use anyhow::{Context as _, Result, ensure};
use envoy_runner::{
    Bootstrap, Client, Cluster, End, EnvoyProcess, Listener, Received, Reply, Request, Route,
    Upstream, WasmFilter,
};
use integration::fixtures;
use serde_json::{Value, json};
use std::cell::RefCell;
use std::net::SocketAddr;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

/// The listeners of a sidecar.
const INBOUND: &str = "inbound";
const OUTBOUND: &str = "outbound";
const PATIENCE: Duration = Duration::from_secs(60);

/// How a sidecar is set up.
#[derive(Clone)]
pub(crate) struct Sidecar {
    /// The plugin configuration of both sides, but for the memory's.
    pub(crate) config: Value,
    /// The memory's, but for the role.
    pub(crate) correlate: Value,
    /// Added to the bootstrap.
    pub(crate) bootstrap: Value,
    /// Added to the inbound connection manager.
    pub(crate) inbound: Value,
    /// Further filters of the inbound side, behind this one.
    pub(crate) behind: Vec<WasmFilter>,
    /// A second connection manager that outbound requests go through after the filter.
    pub(crate) outbound_tracer: Option<Value>,
    /// Further clusters.
    pub(crate) clusters: Vec<Cluster>,
}

/// One service.
pub(crate) struct Service {
    pub(crate) name: &'static str,
    pub(crate) envoy: EnvoyProcess,
    // Held for its end.
    _application: Upstream,
}

/// The services of a chain, the first one first.
pub(crate) struct Mesh {
    pub(crate) services: Vec<Service>,
}

thread_local! {
    /// An application's connections are its threads': each has one to its sidecar.
    static CALLS: RefCell<Option<Client>> = const { RefCell::new(None) };
}

impl Mesh {
    /// Starts services of these names. Each application shows `see` what it received, and but for the
    /// last calls the next service with what `forward` gives of it.
    pub(crate) fn start(
        names: &[&'static str],
        sidecar: impl Fn(&'static str) -> Sidecar,
        see: impl Fn(&'static str, &Received) + Clone + Send + Sync + 'static,
        forward: fn(&Received) -> Request,
    ) -> Result<Self> {
        let mut services: Vec<Service> = Vec::new();
        for name in names.iter().rev() {
            let next = services.last().map(|next| next.envoy.addr(INBOUND)).transpose()?;
            let service = Service::start(name, &sidecar(name), next, see.clone(), forward)?;
            services.push(service);
        }
        services.reverse();
        Ok(Self { services })
    }

    /// Where requests enter.
    pub(crate) fn entry(&self) -> Result<SocketAddr> {
        self.services.first().context("no service")?.envoy.addr(INBOUND)
    }

    /// Nothing failed, and nothing is open any more.
    pub(crate) fn finish(self) -> Result<()> {
        for mut service in self.services {
            fixtures::unharmed(&mut service.envoy)?;
            assert_eq!(service.stat("host_errors")?, 0, "{}", service.name);
            assert_eq!(service.stat("open_requests")?, 0, "{}", service.name);
        }
        Ok(())
    }
}

impl Service {
    fn start(
        name: &'static str,
        sidecar: &Sidecar,
        next: Option<SocketAddr>,
        see: impl Fn(&'static str, &Received) + Send + Sync + 'static,
        forward: fn(&Received) -> Request,
    ) -> Result<Self> {
        let outbound: Arc<OnceLock<SocketAddr>> = Arc::default();
        let calls = next.is_some();
        let to = Arc::clone(&outbound);
        let application = Upstream::start(move |received| {
            see(name, received);
            match to.get().filter(|_| calls) {
                None => Reply::ok(name),
                Some(sidecar) => call(*sidecar, &forward(received)),
            }
        })?;
        let bootstrap =
            sidecar.bootstrap(application.addr(), next.unwrap_or(application.addr()))?;
        let envoy = fixtures::start(&bootstrap, 2)?;
        let address = envoy.addr(OUTBOUND)?;
        outbound.set(address).ok().context("set once")?;
        Ok(Self { name, envoy, _application: application })
    }

    /// A counter or gauge of the filter.
    pub(crate) fn stat(&self, name: &str) -> Result<u64> {
        self.envoy.stat(&format!("wasmcustom.{}.{name}", crate::FILTER))
    }
}

/// What an application answers: what its next service answered.
fn call(sidecar: SocketAddr, request: &Request) -> Reply {
    let answer = CALLS.with_borrow_mut(|client| {
        let open = client.take().filter(Client::is_open);
        let open = match open {
            Some(open) => open,
            None => Client::connect(sidecar)?.timeout(PATIENCE),
        };
        let answer = client.insert(open).send(request);
        ensure!(answer.end == End::Complete, "{:?}", answer.end);
        Ok(answer)
    });
    match answer {
        Ok(answer) => Reply::status(answer.status.unwrap_or(502)),
        Err(error) => Reply::status(502).header("x-why", error.to_string()),
    }
}

impl Sidecar {
    fn bootstrap(&self, application: SocketAddr, next: SocketAddr) -> Result<Bootstrap> {
        let inbound = Listener::new(INBOUND)
            .without_access_log()
            .merge(json!({"traffic_direction": "INBOUND"}))
            .manager(self.inbound.clone())
            .filter(filter(INBOUND, &self.with_role("INBOUND"))?);
        let inbound = self.behind.iter().cloned().fold(inbound, Listener::filter);
        let inbound = inbound.route(Route::cluster("/", "application"));
        let outbound = Listener::new(OUTBOUND)
            .without_access_log()
            .merge(json!({"traffic_direction": "OUTBOUND"}))
            .filter(filter(OUTBOUND, &self.with_role("OUTBOUND"))?)
            .route(Route::cluster("/", "next"));
        let mut bootstrap = Bootstrap::new()
            .listener(inbound)
            .listener(outbound)
            .cluster(Cluster::new("application", application))
            .merge(self.bootstrap.clone());
        match &self.outbound_tracer {
            None => bootstrap = bootstrap.cluster(Cluster::new("next", next)),
            Some(manager) => {
                let addr = free_addr()?;
                let port = json!({"socket_address": {"port_value": addr.port()}});
                let traced = Listener::new("outbound_traced")
                    .without_access_log()
                    .merge(json!({"traffic_direction": "OUTBOUND", "address": port}))
                    .manager(manager.clone())
                    .route(Route::cluster("/", "next_hop"));
                bootstrap = bootstrap
                    .listener(traced)
                    .cluster(Cluster::new("next", addr))
                    .cluster(Cluster::new("next_hop", next));
            }
        }
        Ok(self.clusters.iter().cloned().fold(bootstrap, Bootstrap::cluster))
    }

    fn with_role(&self, role: &str) -> Value {
        let mut config = self.config.clone();
        let mut correlate = self.correlate.clone();
        if let Some(fields) = correlate.as_object_mut() {
            fields.insert("role".to_owned(), json!(role));
        }
        if let Some(fields) = config.as_object_mut() {
            fields.insert("correlate".to_owned(), correlate);
            // The tracer is the inbound connection manager's.
            if role == "OUTBOUND" {
                fields.remove("tracer");
            }
        }
        config
    }
}

/// A port that was free a moment ago: a listener of the same Envoy has to be named beforehand.
fn free_addr() -> Result<SocketAddr> {
    Ok(std::net::TcpListener::bind(("127.0.0.1", 0))?.local_addr()?)
}
