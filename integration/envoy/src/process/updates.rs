//! Replacing the listeners of an Envoy that runs.

use std::fs;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context as _, bail};
use serde_json::{Value, json};

use super::EnvoyProcess;
use super::running::poll;
use crate::bootstrap::{LDS_FILE, Listener};

/// Counts the versions of the listeners that Envoy refused.
pub(super) const REJECTED: &str = "listener_manager.lds.update_rejected";

/// What became of new listeners.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Update {
    /// Envoy took them.
    Accepted,
    /// Envoy goes on with the old ones; the new lines of its log say why.
    Rejected(Vec<String>),
}

impl EnvoyProcess {
    /// Replaces the listeners of a bootstrap with
    /// [`dynamic_listeners`](crate::Bootstrap::dynamic_listeners), and waits for Envoy's verdict.
    ///
    /// # Errors
    /// Envoy gives no verdict within `patience`.
    pub fn update_listeners(
        &mut self,
        listeners: &[Listener],
        patience: Duration,
    ) -> anyhow::Result<Update> {
        const SUCCESS: &str = "listener_manager.lds.update_success";
        const WARMING: &str = "listener_manager.total_listeners_warming";
        let (successes, rejections) = (self.stat(SUCCESS)?, self.stat(REJECTED)?);
        let said = self.log()?.len();
        self.updates += 1;
        let listeners: Vec<Value> = listeners.iter().map(Listener::value).collect();
        write_listeners(self.directory(), &listeners, self.updates)?;
        let mut rejected = false;
        let decided = poll(patience, || {
            rejected = self.stat(REJECTED)? > rejections;
            Ok(rejected || (self.stat(SUCCESS)? > successes && self.stat(WARMING)? == 0))
        })?;
        if !decided {
            bail!("no verdict on the new listeners after {patience:?}");
        }
        let log = self.log()?;
        let news = log.get(said..).unwrap_or_default();
        let lines = || news.lines().map(str::to_owned).collect();
        Ok(if rejected { Update::Rejected(lines()) } else { Update::Accepted })
    }
}

/// Envoy follows renames into the file's place; each version must differ from the one before.
pub(super) fn write_listeners(home: &Path, all: &[Value], version: u32) -> anyhow::Result<()> {
    let resources: Vec<Value> = all
        .iter()
        .cloned()
        .map(|mut listener| {
            let kind = json!("type.googleapis.com/envoy.config.listener.v3.Listener");
            if let Some(fields) = listener.as_object_mut() {
                fields.insert("@type".to_owned(), kind);
            }
            listener
        })
        .collect();
    let text = json!({"version_info": version.to_string(), "resources": resources}).to_string();
    let staged = home.join(format!("{LDS_FILE}.new"));
    fs::write(&staged, text).context("cannot write the listeners")?;
    fs::rename(&staged, home.join(LDS_FILE)).context("cannot publish the listeners")
}
