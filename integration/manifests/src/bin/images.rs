//! `images`: writes every filter's images below `target/images`, as OCI layouts.
//!
//! ```text
//! images
//! ```
//!
//! Per filter two of them: `<filter>`, an ordinary image, and `<filter>-artifact`. Any tool pushes
//! them: `crane push target/images/fault_injection REGISTRY/fault_injection:VERSION`.

use anyhow::{Context as _, Result};
use manifests::{Form, Image, sources, workspace_root, write_layout};
use std::fs;
use std::io::{Write as _, stdout};

fn main() -> Result<()> {
    let target = workspace_root().join("target");
    let mut table = String::from("| image | sha256 |\n|---|---|\n");
    for source in sources()? {
        let module = target.join("filters").join(format!("{}.wasm", source.name));
        let module = fs::read(&module)
            .with_context(|| format!("{}; `make build` writes it", module.display()))?;
        for (form, suffix) in [(Form::Image, ""), (Form::Artifact, "-artifact")] {
            let image = Image::new(&module, form)?;
            let name = format!("{}{suffix}", source.name);
            write_layout(&target.join("images").join(&name), &image, env!("CARGO_PKG_VERSION"))?;
            table.push_str(&format!("| {name} | {} |\n", image.manifest.digest()));
        }
    }
    stdout().write_all(table.as_bytes()).context("printing the table")
}
