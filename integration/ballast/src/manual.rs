//! What describes: schemas, completions, manual pages.

use crate::args::{Cli, Completions, Man, Schema};
use crate::check::named;
use crate::filters::FILTERS;
use crate::out::{Out, Paint};
use anyhow::{Context as _, Result, bail};
use clap::{Command, CommandFactory as _};
use serde_json::json;
use std::fs;

/// `ballast schema`.
pub(crate) fn schema(args: &Schema, out: Out) -> Result<bool> {
    if let Some(name) = &args.filter {
        out.write(named(name)?.schema)?;
        return Ok(true);
    }
    let names = FILTERS.iter().map(|filter| filter.name);
    if out.is_json() {
        out.json(&json!({ "filters": names.collect::<Vec<_>>() }))?;
        return Ok(true);
    }
    for filter in FILTERS {
        let name = out.paint(Paint::Bold, filter.name);
        out.write(&format!("{name}: {}\n", filter.fields().join(", ")))?;
    }
    Ok(true)
}

/// `ballast completions`.
pub(crate) fn completions(args: &Completions, out: Out) -> Result<bool> {
    let mut text = Vec::new();
    clap_complete::generate(args.shell, &mut Cli::command(), "ballast", &mut text);
    out.write(&String::from_utf8(text).context("completions are text")?)?;
    Ok(true)
}

/// `ballast man`.
pub(crate) fn man(args: &Man, out: Out) -> Result<bool> {
    let mut ballast = Cli::command();
    ballast.build();
    let Some(dir) = &args.dir else {
        let page = match &args.command {
            None => page(&ballast)?,
            Some(name) => match ballast.find_subcommand(name) {
                Some(command) => page(command)?,
                None => bail!("there is no command `{name}`"),
            },
        };
        out.write(&page)?;
        return Ok(true);
    };
    fs::create_dir_all(dir).with_context(|| format!("creating {}", dir.display()))?;
    let commands = ballast.get_subcommands().filter(|command| command.get_name() != "help");
    for command in std::iter::once(&ballast).chain(commands) {
        let file = dir.join(format!("{}.1", display_name(command)));
        fs::write(&file, page(command)?).with_context(|| format!("writing {}", file.display()))?;
        out.write(&format!("{}\n", file.display()))?;
    }
    Ok(true)
}

/// `ballast-check` for the command `check`.
fn display_name(command: &Command) -> String {
    command.get_display_name().unwrap_or(command.get_name()).to_owned()
}

fn page(command: &Command) -> Result<String> {
    let name = display_name(command);
    let mut page = Vec::new();
    clap_mangen::Man::new(command.clone()).title(name).render(&mut page)?;
    String::from_utf8(page).context("a manual page is text")
}
