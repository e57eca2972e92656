//! `ballast`: checks, explains and translates configurations of the filters, and starts new ones.

mod args;
mod check;
mod document;
mod explain;
mod filters;
mod manual;
mod new_filter;
mod out;
mod plugins;
mod translate;

use anyhow::Result;
use args::{Cli, Command};
use clap::Parser as _;
use out::{Finding, Out, Severity};
use std::io::Write as _;
use std::process::ExitCode;

fn main() -> ExitCode {
    let cli = Cli::parse();
    let out = Out::new(cli.output, cli.color);
    match run(&cli, out) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            let finding = Finding::new(Severity::Error, "ballast", format!("{error:#}"));
            // Where the standard error cannot be written to, the exit status says it.
            let _ = std::io::stderr().write_all(finding.line(out).as_bytes());
            ExitCode::from(2)
        }
    }
}

/// Carries a command out; whether all is well.
fn run(cli: &Cli, out: Out) -> Result<bool> {
    match &cli.command {
        Command::Check(args) => check::run(args, out),
        Command::Explain(args) => explain::run(args, out),
        Command::Translate(args) => translate::run(args, out),
        Command::Schema(args) => manual::schema(args, out),
        Command::NewFilter(args) => new_filter::run(args, out),
        Command::Completions(args) => manual::completions(args, out),
        Command::Man(args) => manual::man(args, out),
    }
}
