//! `make demo`: stock Envoy with `envoy-configs/fault-injection.yaml` in front of a small service,
//! live in a terminal. Ctrl-C ends all of it; `--seconds N` ends it by itself.

mod screen;
mod service;
mod traffic;

use anyhow::{Context, Result, bail};
use envoy_runner::{Document, EnvoyProcess, Launch, Upstream, Wheel};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

/// How often the picture is drawn.
const FRAME: Duration = Duration::from_millis(500);
/// The ports that the example names.
const EXAMPLE_PORTS: [u16; 2] = [10000, 9901];

fn main() -> Result<()> {
    let seconds = seconds()?;
    let stop = stop_on_ctrl_c()?;
    let service = service::start()?;
    let envoy = start_envoy(&service)?;
    let entry = envoy.addr("ingress")?;
    let traffic = traffic::Traffic::start(entry, &stop);
    let mut screen = screen::Screen::new(entry, envoy.admin_addr());
    let end = seconds.map(|seconds| Instant::now() + seconds);
    while !stop.load(Ordering::Relaxed) && end.is_none_or(|end| Instant::now() < end) {
        std::thread::sleep(FRAME);
        let counters = match envoy.stats("wasmcustom.fault_injection") {
            Ok(counters) => counters,
            // Ctrl-C reaches Envoy too.
            Err(_) if stop.load(Ordering::Relaxed) => break,
            Err(error) => return Err(error),
        };
        screen.draw(&traffic.tally(), &counters)?;
    }
    stop.store(true, Ordering::Relaxed);
    traffic.finish();
    screen.farewell()
}

/// `--seconds N`.
fn seconds() -> Result<Option<Duration>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
        [] => Ok(None),
        ["--seconds", number] => {
            let number = number.parse().context("--seconds takes a whole number")?;
            Ok(Some(Duration::from_secs(number)))
        }
        _ => bail!("usage: demo [--seconds N]"),
    }
}

fn stop_on_ctrl_c() -> Result<Arc<AtomicBool>> {
    let stop = Arc::new(AtomicBool::new(false));
    let pressed = Arc::clone(&stop);
    ctrlc::set_handler(move || pressed.store(true, Ordering::Relaxed))
        .context("listening for Ctrl-C")?;
    Ok(stop)
}

fn start_envoy(service: &Upstream) -> Result<EnvoyProcess> {
    let root = workspace_root()?;
    let modules = root.join("target/filters");
    if !modules.join("fault_injection.wasm").exists() {
        bail!("no module in {}: `make build` makes it", modules.display());
    }
    let example = root.join("envoy-configs/fault-injection.yaml");
    let text = std::fs::read_to_string(&example)
        .with_context(|| format!("reading {}", example.display()))?;
    let mut document = Document::from_yaml(&text)?
        .with_modules_in(&modules)
        .with_endpoint("service", service.addr())?;
    if EXAMPLE_PORTS.iter().any(|port| TcpListener::bind(("127.0.0.1", *port)).is_err()) {
        document = document.on_free_ports();
    }
    Launch::new(&Wheel::default_version()?, document).start()
}

fn workspace_root() -> Result<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2);
    Ok(root.context("this crate lies two folders below the workspace")?.to_owned())
}
