//! `mesh-service`: one application of the mesh, as a process.

use mesh_service::{Options, USAGE, serve};
use std::io::{self, Write as _};
use std::process::ExitCode;

fn main() -> ExitCode {
    let outcome = match Options::parse(std::env::args().skip(1)) {
        Ok(options) => serve(options).map_err(|error| error.to_string()),
        Err(why) => Err(format!("{why}\n{USAGE}")),
    };
    let Err(why) = outcome else { return ExitCode::SUCCESS };
    // Where standard error is gone, nobody is left to tell.
    let _ = writeln!(io::stderr(), "mesh-service: {why}");
    ExitCode::FAILURE
}
