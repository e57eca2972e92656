//! A host that fails while a plugin is configured: refused with one line, the old one stays.

use crate::statuses;
use crate::subject::{self, ADVERSARY, Scenario, Subject};
use anyhow::{Context, Result, ensure};
use proxy_wasm_test_host::{Injection, LoadError, LogLevel, TestHost};

/// Calls without which no configuration is taken, and what the line says of each.
const NEEDED: [(&str, &str); 4] = [
    ("proxy_define_metric", "Envoy refused to define the metric "),
    ("proxy_get_buffer_bytes", "Envoy did not hand it over "),
    ("proxy_set_tick_period_milliseconds", "Envoy sets no tick "),
    ("random_get", "no randomness: "),
];

/// Calls that a configuration survives.
const DISPENSABLE: [&str; 4] =
    ["clock_time_get", "proxy_get_log_level", "proxy_http_call", "proxy_log"];

/// The configuration is refused with exactly one line at level error.
fn refused(subject: &Subject, scenario: &Scenario, host: &TestHost) -> Result<String> {
    host.take_logs();
    match host.update_config(&scenario.config) {
        Err(LoadError::ConfigurationRejected(logs)) => {
            let lines: Vec<_> = logs.iter().filter(|it| it.level >= LogLevel::Error).collect();
            ensure!(lines.len() == 1, "{} lines: {lines:?}", lines.len());
            let prefix = format!("{}: configuration refused: ", subject.name);
            let line = lines.first().and_then(|line| line.message.strip_prefix(&prefix));
            let line = line.with_context(|| format!("another line: {lines:?}"))?;
            ensure!(!line.contains(char::is_control), "no single line of text: {line:?}");
            Ok(line.to_owned())
        }
        other => anyhow::bail!("not refused: {other:?}"),
    }
}

#[test]
fn a_configuration_that_the_host_fails_is_refused_in_one_line() -> Result<()> {
    for subject in subject::all()? {
        let scenario = subject.scenarios.first().context("no scenario")?;
        let host = subject.host(scenario)?;
        let mut count = 0;
        for (function, says) in NEEDED {
            for status in statuses() {
                host.inject(Injection::on(function).status(status));
                let line = refused(subject, scenario, &host)
                    .with_context(|| format!("{}, {function}, {status}", subject.name))?;
                ensure!(line.starts_with(says), "{function}, {status}: {line:?}");
                ensure!(host.clear_injections() > 0, "{function} was not called");
                count += 1;
            }
        }
        for exchange in &scenario.exchanges {
            ensure!(exchange.run(&host)?.paused.is_none(), "the old configuration is gone");
        }
        println!("{}: {count} failures refused; the old configuration serves on", subject.name);
        subject::unharmed(&host)?;
    }
    Ok(())
}

#[test]
fn a_configuration_survives_what_it_can_do_without() -> Result<()> {
    for subject in subject::all()? {
        for scenario in &subject.scenarios {
            for function in DISPENSABLE {
                let host = subject.host(scenario)?;
                host.inject(Injection::on(function).status(10_u32));
                host.update_config(&scenario.config)
                    .with_context(|| format!("{}, {function}", scenario.name))?;
                host.clear_injections();
                host.retire_old_configs();
                subject::unharmed(&host)?;
            }
        }
    }
    Ok(())
}

/// The adversary takes any word for a configuration.
fn filters() -> Result<impl Iterator<Item = &'static Subject>> {
    Ok(subject::all()?.iter().filter(|subject| subject.name != ADVERSARY))
}

#[test]
fn a_configuration_of_garbage_is_refused_in_one_line() -> Result<()> {
    let garbage: [&[u8]; 10] = [
        b"\xff\xfe\x00",
        b"{",
        b"[]",
        b"null",
        b"{\"rules\": [{\"name\": \"\xff\"}]}",
        b"{\"rules\": {}}",
        b"{\"a\\u0000b\": 1}",
        b"{\"a\\r\\n[critical] b\": 1}",
        b"{} {}",
        &[b'['; 100_000],
    ];
    for subject in filters()? {
        let scenario = subject.scenarios.first().context("no scenario")?;
        let host = subject.host(scenario)?;
        for bytes in garbage {
            host.inject(Injection::on("proxy_get_buffer_bytes").bytes(bytes));
            let shown = String::from_utf8_lossy(&bytes[..bytes.len().min(40)]).into_owned();
            let line = refused(subject, scenario, &host).context(shown.clone())?;
            println!("{}: {shown:?}: {line}", subject.name);
            ensure!(line.len() < 300, "{} bytes of line", line.len());
            host.clear_injections();
        }
        subject::unharmed(&host)?;
    }
    Ok(())
}
