//! How a test describes the Envoy it wants.

use std::{
    collections::{BTreeMap, BTreeSet},
    rc::Rc,
    time::Duration,
};

use crate::{
    engine::Engine,
    error::LoadError,
    foreign::{ForeignFunction, ForeignResult},
    host::TestHost,
    process::{
        SharedProcess,
        route::{Route, RouteRequest, Router},
    },
    vm::log::LogLevel,
};

/// What Envoy does with streams of a VM that has trapped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailurePolicy {
    /// 503 for every request until restart: Envoy's default.
    #[default]
    FailClosed,
    /// The filter is skipped.
    FailOpen,
}

/// What the process knows of its configuration.
pub(crate) struct Settings {
    pub(crate) seed: u64,
    pub(crate) start_time: u64,
    pub(crate) plugin_name: String,
    pub(crate) root_id: String,
    pub(crate) vm_id: String,
    pub(crate) vm_configuration: Vec<u8>,
    pub(crate) node_id: String,
    pub(crate) node_cluster: String,
    pub(crate) attributes: BTreeMap<String, Vec<u8>>,
    pub(crate) clusters: BTreeSet<String>,
    pub(crate) buffer_limit: usize,
    pub(crate) failure_policy: FailurePolicy,
    pub(crate) allow_on_headers_stop_iteration: bool,
    pub(crate) log_level: LogLevel,
    pub(crate) environment: Vec<(String, String)>,
    pub(crate) fuel_limit: u64,
    pub(crate) downstream_remote_address: String,
    pub(crate) downstream_local_address: String,
    pub(crate) upstream_address: String,
    pub(crate) max_wait: Duration,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            seed: 1,
            // 2026-01-01T00:00:00Z
            start_time: 1_767_225_600_000_000_000,
            plugin_name: "plugin".to_owned(),
            root_id: String::new(),
            vm_id: String::new(),
            vm_configuration: Vec::new(),
            node_id: "node".to_owned(),
            node_cluster: "node-cluster".to_owned(),
            attributes: BTreeMap::new(),
            clusters: BTreeSet::from(["upstream".to_owned()]),
            buffer_limit: 1 << 20,
            failure_policy: FailurePolicy::default(),
            allow_on_headers_stop_iteration: false,
            log_level: LogLevel::Info,
            environment: Vec::new(),
            fuel_limit: 10_000_000_000,
            downstream_remote_address: "127.0.0.1:50000".to_owned(),
            downstream_local_address: "127.0.0.1:10000".to_owned(),
            upstream_address: "127.0.0.1:8080".to_owned(),
            max_wait: Duration::from_secs(600),
        }
    }
}

/// Builds a [`TestHost`]. Every setting has Envoy's default where Envoy has one.
pub struct HostBuilder {
    engine: Engine,
    settings: Settings,
    plugin_configuration: Vec<u8>,
    workers: usize,
    foreign: BTreeMap<String, Rc<ForeignFunction>>,
    router: Rc<Router>,
}

impl HostBuilder {
    pub(crate) fn new(engine: &Engine) -> Self {
        Self {
            engine: engine.clone(),
            settings: Settings::default(),
            plugin_configuration: Vec::new(),
            workers: 1,
            foreign: BTreeMap::new(),
            router: Rc::new(|_| Route::to("upstream")),
        }
    }

    fn set(mut self, change: impl FnOnce(&mut Settings)) -> Self {
        change(&mut self.settings);
        self
    }

    /// The plugin configuration's bytes (default: none).
    #[must_use]
    pub fn plugin_config(mut self, configuration: impl Into<Vec<u8>>) -> Self {
        self.plugin_configuration = configuration.into();
        self
    }

    /// The VM configuration's bytes (default: none).
    #[must_use]
    pub fn vm_config(self, configuration: impl Into<Vec<u8>>) -> Self {
        self.set(|settings| settings.vm_configuration = configuration.into())
    }

    /// The number of workers, each with its own VM (default: 1). The main thread's VM comes on top.
    #[must_use]
    pub fn workers(mut self, workers: usize) -> Self {
        self.workers = workers;
        self
    }

    /// The seed of WASI's `random_get` (default: 1); each VM draws its own sequence from it.
    #[must_use]
    pub fn seed(self, seed: u64) -> Self {
        self.set(|settings| settings.seed = seed)
    }

    /// The wall clock at the start, nanoseconds since the epoch (default: 2026-01-01).
    #[must_use]
    pub fn start_time(self, nanoseconds: u64) -> Self {
        self.set(|settings| settings.start_time = nanoseconds)
    }

    /// `plugin_name`, `plugin_root_id` and `plugin_vm_id`.
    #[must_use]
    pub fn plugin(self, name: &str, root_id: &str, vm_id: &str) -> Self {
        self.set(|settings| {
            settings.plugin_name = name.to_owned();
            settings.root_id = root_id.to_owned();
            settings.vm_id = vm_id.to_owned();
        })
    }

    /// `xds.node.id` and `xds.node.cluster`.
    #[must_use]
    pub fn node(self, id: &str, cluster: &str) -> Self {
        self.set(|settings| {
            settings.node_id = id.to_owned();
            settings.node_cluster = cluster.to_owned();
        })
    }

    /// An attribute of every stream and root by dotted path; the value serialised as Envoy does.
    #[must_use]
    pub fn attribute(self, path: &str, value: impl Into<Vec<u8>>) -> Self {
        self.set(|settings| {
            settings.attributes.insert(path.to_owned(), value.into());
        })
    }

    /// A cluster that HTTP and gRPC calls may name (default: `upstream`).
    #[must_use]
    pub fn cluster(self, name: &str) -> Self {
        self.set(|settings| {
            settings.clusters.insert(name.to_owned());
        })
    }

    /// The addresses of the client, of the listener and of the upstream, `ip:port` each.
    #[must_use]
    pub fn addresses(self, client: &str, listener: &str, upstream: &str) -> Self {
        self.set(|settings| {
            settings.downstream_remote_address = client.to_owned();
            settings.downstream_local_address = listener.to_owned();
            settings.upstream_address = upstream.to_owned();
        })
    }

    /// `per_connection_buffer_limit_bytes` (default: 1 MiB).
    #[must_use]
    pub fn buffer_limit(self, bytes: usize) -> Self {
        self.set(|settings| settings.buffer_limit = bytes)
    }

    /// What happens after a trap (default: FAIL_CLOSED).
    #[must_use]
    pub fn failure_policy(self, policy: FailurePolicy) -> Self {
        self.set(|settings| settings.failure_policy = policy)
    }

    /// `allow_on_headers_stop_iteration` (default: false, StopIteration in headers holds the body back as well).
    #[must_use]
    pub fn allow_on_headers_stop_iteration(self, allow: bool) -> Self {
        self.set(|settings| settings.allow_on_headers_stop_iteration = allow)
    }

    /// What `proxy_get_log_level` answers (default: info). Lines below it are captured all the same.
    #[must_use]
    pub fn log_level(self, level: LogLevel) -> Self {
        self.set(|settings| settings.log_level = level)
    }

    /// An environment variable of the VM.
    #[must_use]
    pub fn env(self, name: &str, value: &str) -> Self {
        self.set(|settings| settings.environment.push((name.to_owned(), value.to_owned())))
    }

    /// Instructions one callback may execute before it traps (default: 10^10).
    #[must_use]
    pub fn fuel_limit(self, instructions: u64) -> Self {
        self.set(|settings| settings.fuel_limit = instructions)
    }

    /// How much virtual time an exchange may take before it counts as paused for ever (default: 10 minutes).
    #[must_use]
    pub fn max_wait(self, wait: Duration) -> Self {
        self.set(|settings| settings.max_wait = wait)
    }

    /// A foreign function, for example `expr_evaluate`. It must not call back into the host.
    #[must_use]
    pub fn foreign_function(
        mut self,
        name: &str,
        function: impl Fn(&[u8]) -> ForeignResult + 'static,
    ) -> Self {
        self.foreign.insert(name.to_owned(), Rc::new(function));
        self
    }

    /// The route table (default: everything to `upstream`). It must not call back into the host.
    #[must_use]
    pub fn router(mut self, router: impl Fn(&RouteRequest<'_>) -> Route + 'static) -> Self {
        self.router = Rc::new(router);
        self
    }

    /// Loads and configures the module as Envoy does: canary, main thread, then each worker.
    ///
    /// # Errors
    /// [`LoadError`] with what the module logged, if any VM refuses the configuration or traps.
    pub fn build(self) -> Result<TestHost, LoadError> {
        let process = SharedProcess::new(self.settings, self.foreign, self.router);
        TestHost::load(&self.engine, process, self.workers, &self.plugin_configuration)
    }
}
