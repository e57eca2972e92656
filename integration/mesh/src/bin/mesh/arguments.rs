//! The command line.

use anyhow::{Context as _, Result, bail};
use std::net::SocketAddr;
use std::path::PathBuf;

/// What is asked for.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Command {
    /// The mesh without a scenario.
    Run,
    /// One row; afterwards the mesh may stay.
    Scenario { row: u32, scale: f64, stay: bool },
    /// All rows.
    All { scale: f64 },
    /// All filters under load.
    Soak { seconds: u64 },
    /// What docker-compose runs with: files only.
    Compose { out: PathBuf },
    /// Requests of all kinds to a gateway.
    Traffic { gateway: SocketAddr, seconds: u64 },
    /// Files only.
    Render { row: Option<u32>, step: Option<String>, compose: bool, out: PathBuf },
}

const USAGE: &str = "usage: mesh
       mesh scenario ROW [--scale NUMBER] [--stay]
       mesh all [--scale NUMBER]
       mesh soak [--seconds NUMBER]
       mesh compose --out FOLDER
       mesh traffic --gateway ADDRESS:PORT [--seconds NUMBER]
       mesh render [--scenario ROW [--step NAME]] [--compose] --out FOLDER";

/// Reads what follows the program's name.
pub(crate) fn parse(arguments: &[String]) -> Result<Command> {
    let mut words = arguments.iter().map(String::as_str);
    let command = words.next();
    let row = if command == Some("scenario") {
        Some(words.next().and_then(|row| row.parse().ok()).context(USAGE)?)
    } else {
        None
    };
    let (mut scale, mut stay, mut compose) = (1.0, false, false);
    let (mut rendered, mut step, mut out) = (None, None, None);
    let (mut seconds, mut gateway) = (None, None);
    while let Some(flag) = words.next() {
        let mut value = || words.next().with_context(|| format!("{flag} takes a value\n{USAGE}"));
        match (command, flag) {
            (Some("scenario"), "--stay") => stay = true,
            (Some("scenario" | "all"), "--scale") => scale = value()?.parse().context(USAGE)?,
            (Some("soak" | "traffic"), "--seconds") => {
                seconds = Some(value()?.parse().context(USAGE)?);
            }
            (Some("traffic"), "--gateway") => gateway = Some(value()?.parse().context(USAGE)?),
            (Some("render"), "--compose") => compose = true,
            (Some("render"), "--scenario") => rendered = Some(value()?.parse().context(USAGE)?),
            (Some("render"), "--step") => step = Some(value()?.to_owned()),
            (Some("render" | "compose"), "--out") => out = Some(PathBuf::from(value()?)),
            _ => bail!("{flag} is not understood\n{USAGE}"),
        }
    }
    if !(0.01..=1.0).contains(&scale) {
        bail!("--scale is 0.01 to 1");
    }
    Ok(match (command, row) {
        (None, _) => Command::Run,
        (Some("scenario"), Some(row)) => Command::Scenario { row, scale, stay },
        (Some("all"), _) => Command::All { scale },
        (Some("soak"), _) => Command::Soak { seconds: seconds.unwrap_or(600) },
        (Some("compose"), _) => Command::Compose { out: out.context(USAGE)? },
        (Some("traffic"), _) => {
            let gateway = gateway.context(USAGE)?;
            Command::Traffic { gateway, seconds: seconds.unwrap_or(30) }
        }
        (Some("render"), _) => {
            Command::Render { row: rendered, step, compose, out: out.context(USAGE)? }
        }
        _ => bail!(USAGE),
    })
}

#[cfg(test)]
mod tests {
    use super::{Command, parse};

    fn words(line: &str) -> anyhow::Result<Command> {
        parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn commands_are_read() {
        assert_eq!(words("").unwrap(), Command::Run);
        let scenario = Command::Scenario { row: 17, scale: 0.5, stay: true };
        assert_eq!(words("scenario 17 --stay --scale 0.5").unwrap(), scenario);
        assert_eq!(words("soak").unwrap(), Command::Soak { seconds: 600 });
        assert_eq!(words("all").unwrap(), Command::All { scale: 1.0 });
        let gateway = "127.0.0.1:1".parse().unwrap();
        let traffic = Command::Traffic { gateway, seconds: 5 };
        assert_eq!(words("traffic --gateway 127.0.0.1:1 --seconds 5").unwrap(), traffic);
        assert_eq!(words("compose --out x").unwrap(), Command::Compose { out: "x".into() });
        let render = Command::Render { row: Some(1), step: None, compose: true, out: "x".into() };
        assert_eq!(words("render --scenario 1 --compose --out x").unwrap(), render);
    }

    #[test]
    fn what_is_wrong_is_said() {
        for line in ["compose", "traffic", "traffic --gateway nowhere"] {
            assert!(words(line).is_err(), "{line}");
        }
        for line in ["scenario", "scenario x", "all --stay", "all --scale 7", "render", "nothing"] {
            assert!(words(line).is_err(), "{line}");
        }
    }
}
