//! `manifests`: writes every filter's manifests.
//!
//! ```text
//! manifests [--registry HOST/PATH]
//! ```
//!
//! Those in `envoy-configs/istio` are committed and name no build. Those in `target/istio` are for the
//! modules in `target/filters`: with checksums, and with the registry where their images will be.

use anyhow::{Context as _, Result, bail};
use manifests::{Form, Image, Pinned, REGISTRY, manifests, sources, workspace_root, write_changed};
use std::io::{Write as _, stdout};
use std::{env, fs};

fn main() -> Result<()> {
    let registry = registry(env::args().skip(1).collect())?;
    let root = workspace_root();
    let (mut plain, mut pinned) = (Vec::new(), Vec::new());
    for source in sources()? {
        plain.extend(manifests(&source, None)?);
        let module = root.join("target/filters").join(format!("{}.wasm", source.name));
        let module = fs::read(&module)
            .with_context(|| format!("{}; `make build` writes it", module.display()))?;
        let digest = Image::new(&module, Form::Image)?.manifest.digest();
        let build = Pinned { registry: registry.clone(), digest };
        pinned.extend(manifests(&source, Some(&build))?);
    }
    write_changed(&root.join("envoy-configs/istio"), &plain)?;
    write_changed(&root.join("target/istio"), &pinned)?;
    let files = plain.len();
    writeln!(stdout(), "{files} files in envoy-configs/istio, and with checksums in target/istio")
        .context("printing")
}

fn registry(arguments: Vec<String>) -> Result<String> {
    match arguments.as_slice() {
        [] => Ok(REGISTRY.to_owned()),
        [option, registry] if option == "--registry" && !registry.is_empty() => {
            Ok(registry.trim_end_matches('/').to_owned())
        }
        other => bail!("`{}`: allowed is --registry HOST/PATH", other.join(" ")),
    }
}
