//! The certificates of scenario 25, in files.

use anyhow::{Context as _, Result};
use envoy_runner::Authority;
use std::fs;
use std::path::Path;

/// Who has a certificate of the mesh.
const SERVICES: [&str; 3] = ["customer", "preference", "recommendation"];

/// Writes `mesh.pem`, whom all trust, and for each service a certificate `<service>.pem` and its key,
/// `<service>.key`; and `stranger.pem` and `.key`, which name recommendation but come from another.
///
/// # Errors
/// There is no `openssl`, or the folder cannot be written.
pub fn make(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("creating {}", folder.display()))?;
    let authority = Authority::new("mesh")?;
    fs::write(folder.join("mesh.pem"), authority.pem())?;
    for service in SERVICES {
        issue(&authority, service, &folder.join(service))?;
    }
    issue(&Authority::new("another")?, "recommendation", &folder.join("stranger"))
}

fn issue(authority: &Authority, service: &str, path: &Path) -> Result<()> {
    let identity = format!("URI:spiffe://cluster.local/ns/tutorial/sa/{service}");
    let certificate = authority.issue(&identity)?;
    fs::write(path.with_extension("pem"), certificate.chain())?;
    fs::write(path.with_extension("key"), certificate.key())?;
    Ok(())
}
