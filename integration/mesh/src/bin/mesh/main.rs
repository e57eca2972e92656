//! `make mesh`, `make mesh SCENARIO=1`, `make mesh-all`: the tutorials' mesh in a terminal.

mod arguments;
mod print;

use anyhow::{Context as _, Result, bail};
use arguments::{Command, parse};
use mesh::{Mesh, Parts, Played, Progress, Renderer, Scenario, Step, Table, Template};
use std::collections::BTreeMap;
use std::fs;
use std::io::{Write as _, stdout};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc;
use std::time::Duration;

fn main() -> Result<ExitCode> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let Some(("service", rest)) =
        arguments.split_first().map(|(word, rest)| (word.as_str(), rest))
    {
        let options =
            mesh_service::Options::parse(rest.iter().cloned()).map_err(anyhow::Error::msg)?;
        mesh_service::serve(options)?;
        return Ok(ExitCode::SUCCESS);
    }
    match parse(&arguments)? {
        Command::Run => run(),
        Command::Scenario { row, scale, stay } => scenario(row, scale, stay),
        Command::All { scale } => all(scale),
        Command::Soak { seconds } => soak(seconds),
        Command::Compose { out } => compose_files(&out),
        Command::Traffic { gateway, seconds } => traffic(gateway, seconds),
        Command::Render { row, step, compose, out } => render(row, step.as_deref(), compose, &out),
    }
}

/// The mesh without a scenario, until Ctrl-C.
fn run() -> Result<ExitCode> {
    let stop = ctrl_c()?;
    let mut progress = Progress::new();
    progress.show("starting customer, preference, recommendation and their Envoys")?;
    let mut mesh = Mesh::new(parts(1.0)?)?;
    mesh.start(&["tutorial".to_owned()])?;
    progress.clear()?;
    print::what_to_try(&mesh, &scenarios()?)?;
    stop.recv().context("nobody listens for Ctrl-C any more")?;
    writeln!(stdout(), "\nThe mesh has ended.")?;
    Ok(ExitCode::SUCCESS)
}

fn scenario(row: u32, scale: f64, stay: bool) -> Result<ExitCode> {
    let stop = ctrl_c()?;
    let scenarios = scenarios()?;
    let scenario = scenarios.get(&row).with_context(|| format!("there is no scenario {row}"))?;
    print::title(scenario, scale)?;
    let mut mesh = Mesh::new(parts(scale)?)?;
    let played = mesh::play(&mut mesh, scenario, &mut Progress::new())?;
    print::played(&played)?;
    if stay {
        print::what_to_try(&mesh, &scenarios)?;
        stop.recv().context("nobody listens for Ctrl-C any more")?;
    }
    Ok(verdict(played.passes()))
}

fn all(scale: f64) -> Result<ExitCode> {
    let mut mesh = Mesh::new(parts(scale)?)?;
    let mut progress = Progress::new();
    let mut passes = true;
    print::table_head(scale)?;
    for (row, scenario) in scenarios()? {
        let outcome = mesh::play(&mut mesh, &scenario, &mut progress);
        progress.clear()?;
        passes &= outcome.as_ref().is_ok_and(Played::passes);
        print::table_row(row, &scenario, &outcome)?;
    }
    Ok(verdict(passes))
}

fn soak(seconds: u64) -> Result<ExitCode> {
    let step = Step::read(&root()?.join("envoy-configs/mesh/soak.yaml"))?;
    let mut mesh = Mesh::new(parts(1.0)?)?;
    let length = Duration::from_secs(seconds);
    let soak = mesh::soak(&mut mesh, &step, length, &mut Progress::new())?;
    print::soak(&soak)?;
    Ok(verdict(soak.checks.iter().all(|check| check.passes)))
}

/// Requests of all kinds, and what came back.
fn traffic(gateway: SocketAddr, seconds: u64) -> Result<ExitCode> {
    let length = Duration::from_secs(seconds);
    let report = mesh::traffic(gateway, length, &mut Progress::new())?;
    print::traffic(&report)?;
    Ok(verdict(report.failures.is_empty()))
}

/// The files that `envoy-configs/compose` is run with.
fn compose_files(out: &Path) -> Result<ExitCode> {
    let root = root()?;
    mesh::write_compose_files(&root.join("envoy-configs"), out)?;
    writeln!(stdout(), "{}", out.display())?;
    Ok(ExitCode::SUCCESS)
}

/// Writes the files of every Envoy, to run them by hand or in containers.
fn render(row: Option<u32>, step: Option<&str>, compose: bool, out: &Path) -> Result<ExitCode> {
    let scenarios = scenarios()?;
    let step = match row {
        None => Step::default(),
        Some(row) => {
            let scenario = scenarios.get(&row).with_context(|| format!("no scenario {row}"))?;
            let first = scenario.steps.first().context("no step")?;
            step.map_or(Ok(first), |name| scenario.step(name))?.clone()
        }
    };
    let folder = root()?.join("envoy-configs/mesh");
    let text = fs::read_to_string(folder.join("services.yaml"))?;
    let table = Table::parse(&text)?;
    let template = if compose {
        Template::for_compose(table)
    } else {
        let below = |path: &str| Ok::<_, anyhow::Error>(root()?.join(path).display().to_string());
        let (modules, certificates) = (below("target/filters")?, below("target/mesh")?);
        Template { compose, modules, certificates, ..Template::for_compose(table) }
    };
    let renderer = Renderer { folder, template };
    for service in renderer.template.table.services.iter().filter(|service| service.has_envoy()) {
        renderer.write(&service.instance, &step, &out.join(&service.instance))?;
    }
    writeln!(stdout(), "{}", out.display())?;
    Ok(ExitCode::SUCCESS)
}

fn verdict(passes: bool) -> ExitCode {
    if passes { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn ctrl_c() -> Result<mpsc::Receiver<()>> {
    let (pressed, stop) = mpsc::channel();
    ctrlc::set_handler(move || {
        // Nobody waits for it while a row is played: then it ends at its next step.
        let _ = pressed.send(());
    })
    .context("listening for Ctrl-C")?;
    Ok(stop)
}

fn scenarios() -> Result<BTreeMap<u32, Scenario>> {
    Scenario::all(&root()?.join("envoy-configs/mesh/scenarios"))
}

fn parts(scale: f64) -> Result<Parts> {
    let root = root()?;
    let modules = root.join("target/filters");
    if !modules.join("fault_injection.wasm").exists() {
        bail!("no modules in {}: `make build` makes them", modules.display());
    }
    Ok(Parts {
        configs: root.join("envoy-configs/mesh"),
        modules,
        program: std::env::current_exe()?,
        scratch: root.join("target/mesh"),
        scale,
        workers: 2,
    })
}

fn root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    Ok(root.context("this crate lies two folders below the workspace")?.to_owned())
}
