//! The whole mesh: applications, their Envoys, and what they serve by.

use anyhow::{Context as _, Result, ensure};
use envoy_runner::{EnvoyProcess, Wheel};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::thread;

use crate::applications::{Application, Received};
use crate::certificates;
use crate::render::Renderer;
use crate::scenario::Step;
use crate::sidecar::Sidecar;
use crate::table::{Door, Service, Table};
use crate::template::Template;

/// What the mesh is made of.
#[derive(Clone, Debug)]
pub struct Parts {
    /// `envoy-configs/mesh`.
    pub configs: PathBuf,
    /// Where the modules are.
    pub modules: PathBuf,
    /// The program that is the application, if its first word is `service`.
    pub program: PathBuf,
    /// A folder for what is made on the way, such as certificates.
    pub scratch: PathBuf,
    /// Times on the pages are multiplied by this.
    pub scale: f64,
    /// Worker threads of each Envoy.
    pub workers: u32,
}

/// The processes that run; they end with it.
#[derive(Debug)]
pub struct Mesh {
    renderer: Renderer,
    wheel: Wheel,
    parts: Parts,
    applications: BTreeMap<String, Application>,
    sidecars: BTreeMap<String, Sidecar>,
    step: Step,
}

impl Mesh {
    /// A mesh without processes, on free ports.
    ///
    /// # Errors
    /// The table cannot be read, or Envoy cannot be had.
    pub fn new(parts: Parts) -> Result<Self> {
        let path = parts.configs.join("services.yaml");
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        let absolute = |path: &Path| -> Result<String> {
            Ok(std::path::absolute(path)?.to_string_lossy().into_owned())
        };
        let template = Template {
            table: Table::parse(&text)?.on_free_ports()?,
            compose: false,
            scale: parts.scale,
            modules: absolute(&parts.modules)?,
            certificates: absolute(&parts.scratch)?,
            zipkin: None,
            ratelimit: None,
        };
        Ok(Self {
            renderer: Renderer { folder: parts.configs.clone(), template },
            wheel: Wheel::default_version()?,
            parts,
            applications: BTreeMap::new(),
            sidecars: BTreeMap::new(),
            step: Step::default(),
        })
    }

    /// Starts what belongs to these groups and does not run yet.
    ///
    /// # Errors
    /// A process does not get ready.
    pub fn start(&mut self, groups: &[String]) -> Result<()> {
        let wanted = |service: &&Service| {
            groups.iter().any(|group| group == service.group()) || service.instance == "gateway"
        };
        let table = &self.renderer.template.table;
        let missing: Vec<Service> = table
            .services
            .iter()
            .filter(wanted)
            .filter(|service| {
                !self.applications.contains_key(&service.instance)
                    && !self.sidecars.contains_key(&service.instance)
            })
            .cloned()
            .collect();
        thread::scope(|scope| {
            let starting: Vec<_> = missing
                .iter()
                .map(|service| (service, scope.spawn(|| self.start_one(service))))
                .collect();
            let mut started = Vec::new();
            for (service, thread) in starting {
                let one = thread.join().ok().context("a thread panicked")?;
                started.push((service, one.with_context(|| service.instance.clone())?));
            }
            anyhow::Ok(started)
        })?
        .into_iter()
        .for_each(|(service, (application, sidecar))| {
            let name = || service.instance.clone();
            self.applications.extend(application.map(|application| (name(), application)));
            self.sidecars.extend(sidecar.map(|sidecar| (name(), sidecar)));
        });
        Ok(())
    }

    fn start_one(&self, service: &Service) -> Result<(Option<Application>, Option<Sidecar>)> {
        let table = &self.renderer.template.table;
        let program = (self.parts.program.as_path(), ["service"].as_slice());
        let application = service
            .has_application()
            .then(|| Application::start(program, table, service))
            .transpose()?;
        let sidecar = service
            .has_envoy()
            .then(|| {
                let files = self.renderer.files(&service.instance, &self.step)?;
                Sidecar::start(&self.wheel, files, self.parts.workers)
            })
            .transpose()?;
        Ok((application, sidecar))
    }

    /// Lets the Envoys that run serve by a scenario's step, and waits until they do.
    ///
    /// # Errors
    /// An Envoy refuses it, or does not follow.
    pub fn apply(&mut self, step: &Step) -> Result<()> {
        let renderer = &self.renderer;
        thread::scope(|scope| {
            let following: Vec<_> = self
                .sidecars
                .iter_mut()
                .map(|(instance, sidecar)| {
                    let follow = || sidecar.publish(renderer.files(instance, step)?);
                    (instance, scope.spawn(follow))
                })
                .collect();
            for (instance, thread) in following {
                let outcome = thread.join().ok().context("a thread panicked")?;
                outcome.with_context(|| format!("{instance}: {}", step.name))?;
            }
            anyhow::Ok(())
        })?;
        self.step = step.clone();
        Ok(())
    }

    /// Where a door of an instance is.
    ///
    /// # Errors
    /// There is no such instance.
    pub fn addr(&self, instance: &str, door: Door) -> Result<SocketAddr> {
        self.renderer.template.table.addr(instance, door)
    }

    /// The Envoy of an instance.
    ///
    /// # Errors
    /// It has none that runs.
    pub fn envoy(&self, instance: &str) -> Result<&EnvoyProcess> {
        let sidecar = self.sidecars.get(instance);
        Ok(&sidecar.with_context(|| format!("no Envoy runs for {instance}"))?.envoy)
    }

    /// The instances that have an Envoy that runs.
    pub fn envoys(&self) -> impl Iterator<Item = (&str, &EnvoyProcess)> {
        self.sidecars.iter().map(|(instance, sidecar)| (instance.as_str(), &sidecar.envoy))
    }

    /// The instances of a service.
    ///
    /// # Errors
    /// There is none.
    pub fn instances(&self, service: &str) -> Result<Vec<String>> {
        let named = self.renderer.template.table.named(service)?;
        Ok(named.into_iter().map(|service| service.instance.clone()).collect())
    }

    /// Sends an application a command, past its sidecar.
    ///
    /// # Errors
    /// It does not run, or does not know the command.
    pub fn tell(&self, instance: &str, path: &str) -> Result<String> {
        self.application(instance)?.tell(path)
    }

    /// Lets every application be as it was started, and forget what it received.
    ///
    /// # Errors
    /// One does not answer.
    pub fn reset_applications(&self) -> Result<()> {
        let table = &self.renderer.template.table;
        for (instance, application) in &self.applications {
            if table.service(instance)?.answers_http() {
                application.tell("/_mesh/reset")?;
            }
        }
        Ok(())
    }

    /// The latest requests that an application received, oldest first.
    ///
    /// # Errors
    /// It does not run.
    pub fn received(&self, instance: &str) -> Result<Vec<Received>> {
        self.application(instance)?.received()
    }

    /// Makes the certificates that scenarios name, anew.
    ///
    /// # Errors
    /// There is no `openssl`.
    pub fn make_certificates(&self) -> Result<()> {
        certificates::make(&self.parts.scratch)
    }

    /// Tells where spans go, from the next configuration on.
    pub fn collect_spans_at(&mut self, zipkin: SocketAddr) {
        self.renderer.template.zipkin = Some(zipkin);
    }

    /// Tells where Envoy's rate-limit service is, from the next configuration on.
    pub fn share_quotas_at(&mut self, ratelimit: SocketAddr) {
        self.renderer.template.ratelimit = Some(ratelimit);
    }

    /// A time on a page, here.
    #[must_use]
    pub fn scaled(&self, seconds: f64) -> std::time::Duration {
        std::time::Duration::from_secs_f64(seconds * self.parts.scale)
    }

    /// Every Envoy runs, and no module in it has trapped.
    ///
    /// # Errors
    /// One does not, or one has.
    pub fn ensure_unharmed(&mut self) -> Result<()> {
        for (instance, sidecar) in &mut self.sidecars {
            let log = sidecar.envoy.log()?;
            ensure!(sidecar.envoy.alive()?, "{instance}'s Envoy has ended:\n{log}");
            let is_trap =
                |line: &&str| line.contains("Function: proxy_") || line.contains("panicked");
            let trap = log.lines().find(is_trap);
            ensure!(trap.is_none(), "a module trapped in {instance}: {trap:?}");
        }
        Ok(())
    }

    fn application(&self, instance: &str) -> Result<&Application> {
        let found = self.applications.get(instance);
        found.with_context(|| format!("no application {instance} runs"))
    }
}
