//! A configuration that changes, and an Envoy that is restarted hot, under 500 requests a second: every
//! request is answered, by the service or by the filter.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

use anyhow::{Context as _, Result, ensure};
use envoy_runner::{
    Document, EnvoyProcess, Launch, Listener, LoadReport, Paced, PluginConfiguration, Reply,
    Request, Route, Update, Upstream, WasmFilter, Wheel,
};
use integration::{Filter, fixtures, plugins};
use serde_json::{Value, json};
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::process;
use std::thread;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(20);
const LOAD: Paced = Paced { connections: 8, per_second: 500, timeout: PATIENCE };
/// How often each filter's configuration changes.
const SWITCHES: usize = 6;

/// The filter's configuration in its example, as users copy it.
fn example(filter: &Filter) -> Result<String> {
    let mut document = Document::from_yaml(&fs::read_to_string(filter.example())?)?;
    let file = format!("{}.wasm", filter.name);
    let found = plugins(document.value_mut())?.into_iter().find(|plugin| plugin.module == file);
    let configuration = found.with_context(|| format!("no {file} in its example"))?.configuration;
    Ok(String::from_utf8(configuration)?)
}

fn listener(filter: &Filter, configuration: &str, port: u16) -> Listener {
    let configuration = PluginConfiguration::Text(configuration.to_owned());
    let plugin = WasmFilter::new(&filter.name, &filter.module).configuration(&configuration);
    let address: Value = json!({"address": "127.0.0.1", "port_value": port});
    Listener::new("ingress")
        .route(Route::cluster("/", "upstream"))
        .filter(plugin)
        .merge(json!({"address": {"socket_address": address}}))
}

/// A port that nobody had a moment ago: the listener's must stay the same over a restart.
fn free_port() -> Result<u16> {
    Ok(TcpListener::bind("127.0.0.1:0")?.local_addr()?.port())
}

/// Old connections are left at their next answer, and at the latest after a second.
fn drains_soon(launch: Launch) -> Launch {
    ["--drain-time-s", "1", "--drain-strategy", "immediate"]
        .into_iter()
        .fold(launch.concurrency(2), Launch::argument)
}

/// Every request has an answer, and what was not the service's was the filter's.
fn nothing_lost(report: &LoadReport, served: usize, details: &[String], name: &str) -> Result<()> {
    ensure!(report.failures.is_empty(), "{name}: {:?}", report.failures);
    let by_filter = details.iter().filter(|details| details.starts_with(name)).count();
    println!(
        "{name}: {} requests at {:.0}/s, {served} answered by the service, {by_filter} by the filter, \
         0 lost",
        report.total(),
        report.total() as f64 / report.elapsed.as_secs_f64(),
    );
    ensure!(served + by_filter == report.total(), "{name}: statuses {:?}", report.statuses);
    Ok(())
}

/// What Envoy says of the answers that no service gave.
fn details(envoy: &EnvoyProcess) -> Result<Vec<String>> {
    let entries = envoy.access_log()?;
    let details = entries.iter().filter_map(|entry| entry.text("details"));
    Ok(details.filter(|details| *details != "via_upstream").map(str::to_owned).collect())
}

#[test]
fn a_configuration_changes() -> Result<()> {
    for filter in integration::filters()? {
        let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
        let shown = example(&filter)?;
        let port = free_port()?;
        let first = listener(&filter, "{}", port);
        let bootstrap = fixtures::in_front_of(&upstream, [first]).dynamic_listeners();
        let launch = Launch::new(&Wheel::default_version()?, bootstrap.document());
        let mut envoy = drains_soon(launch).start()?;
        let addr = envoy.addr("ingress")?;
        let (report, ()) = LOAD.run(
            addr,
            |_| Request::get("/switch"),
            || {
                for number in 0..SWITCHES {
                    thread::sleep(Duration::from_millis(500));
                    let next = if number % 2 == 0 { shown.as_str() } else { "{}" };
                    let update =
                        envoy.update_listeners(&[listener(&filter, next, port)], PATIENCE)?;
                    ensure!(update == Update::Accepted, "{}: {update:?}", filter.name);
                }
                // Old connections come to their end.
                thread::sleep(Duration::from_millis(1500));
                Ok(())
            },
        )?;
        envoy.wait_for_access_log(report.total(), PATIENCE)?;
        nothing_lost(&report, upstream.count(), &details(&envoy)?, &filter.name)?;
        fixtures::unharmed(&mut envoy)?;
    }
    Ok(())
}

#[test]
fn envoy_is_restarted_hot() -> Result<()> {
    for (number, filter) in integration::filters()?.into_iter().enumerate() {
        let upstream = Upstream::start(|_| Reply::ok("upstream"))?;
        let port = free_port()?;
        let shown = listener(&filter, &example(&filter)?, port);
        let bootstrap = fixtures::in_front_of(&upstream, [shown]);
        let base_id = process::id() % 1_000_000 * 10 + u32::try_from(number)?;
        let epoch = |epoch: u32| -> Result<EnvoyProcess> {
            let launch = Launch::new(&Wheel::default_version()?, bootstrap.document());
            let launch = drains_soon(launch).hot_restart(base_id, epoch);
            launch.argument("--parent-shutdown-time-s").argument("3").start()
        };
        let mut old = epoch(0)?;
        let addr: SocketAddr = ([127, 0, 0, 1], port).into();
        let (report, mut new) = LOAD.run(
            addr,
            |_| Request::get("/restart"),
            || {
                thread::sleep(Duration::from_millis(500));
                let new = epoch(1)?;
                let ended = old.wait_for_exit(PATIENCE)?;
                ensure!(ended.success(), "{}: the old process ended with {ended}", filter.name);
                thread::sleep(Duration::from_millis(500));
                Ok(new)
            },
        )?;
        // The old process wrote its log to the end; the new one writes what is left soon.
        let by_old = old.access_log()?.len();
        new.wait_for_access_log(report.total().saturating_sub(by_old), PATIENCE)?;
        let mut answers = details(&old)?;
        answers.extend(details(&new)?);
        nothing_lost(&report, upstream.count(), &answers, &filter.name)?;
        let by_new = new.access_log()?.len();
        println!("{}: {by_new} of them by the new process", filter.name);
        ensure!(by_new > 0, "{}: the new process serves nobody", filter.name);
        fixtures::unharmed(&mut new)?;
    }
    Ok(())
}
