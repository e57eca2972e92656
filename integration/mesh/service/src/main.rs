//! `mesh-service`: one application of the mesh, as a process.

use mesh_service::{Options, USAGE, check, serve};
use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let outcome = if let ["--check", address, path] = words.as_slice() {
        check(address, path).map_err(|error| format!("{address}{path}: {error}"))
    } else {
        match Options::parse(arguments) {
            Ok(options) => serve(options).map_err(|error| error.to_string()),
            Err(why) => Err(format!("{why}\n{USAGE}")),
        }
    };
    let Err(why) = outcome else { return ExitCode::SUCCESS };
    // Where standard error is gone, nobody is left to tell.
    let _ = writeln!(io::stderr(), "mesh-service: {why}");
    ExitCode::FAILURE
}
