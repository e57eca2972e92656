//! The service behind Envoy: it never fails and is never slow, so whatever fails is injected.

use anyhow::Result;
use envoy_runner::{Reply, Upstream};

/// Starts it on a free port of the loopback address.
pub(crate) fn start() -> Result<Upstream> {
    Upstream::start(|request| {
        let path = String::from_utf8_lossy(&request.path).into_owned();
        Reply::ok(format!("a good answer to {path}\n"))
    })
}
