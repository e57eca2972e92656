//! One Envoy of the mesh: its files, and new ones in their place while it runs.

use anyhow::{Context as _, Result, bail};
use envoy_runner::{Document, EnvoyProcess, Launch, Wheel};
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use crate::render::{File, Files};

/// How long Envoy may take to follow a change.
const PATIENCE: Duration = Duration::from_secs(60);
const CLUSTERS: &str = "clusters.yaml";
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// Envoy's workers hear of a change from the main thread, and begin to leave an old listener then: in
/// this time, for there is nothing that tells of it.
const WORKERS_FOLLOW: Duration = Duration::from_millis(200);

/// An Envoy that follows its files.
#[derive(Debug)]
pub(crate) struct Sidecar {
    pub(crate) envoy: EnvoyProcess,
    /// What Envoy was given last, and in which version.
    files: BTreeMap<PathBuf, (u64, File)>,
}

impl Sidecar {
    pub(crate) fn start(wheel: &Wheel, files: Files, workers: u32) -> Result<Self> {
        let bootstrap = files.get(Path::new("bootstrap.yaml")).context("no bootstrap")?;
        let document = Document::from_yaml(&bootstrap.text(0)?)?;
        let mut launch = Launch::new(wheel, document)
            .concurrency(workers)
            // A listener that changes is left by its clients at their next answer.
            .argument("--drain-time-s")
            .argument("1")
            .argument("--drain-strategy")
            .argument("immediate");
        for (path, file) in &files {
            launch = launch.file(path, file.text(0)?);
        }
        let envoy = launch.start()?;
        let files = files.into_iter().map(|(path, file)| (path, (0, file))).collect();
        let sidecar = Self { envoy, files };
        sidecar.ensure_nothing_rejected(0)?;
        Ok(sidecar)
    }

    /// Renames new versions of the files that differ into their place, and waits until Envoy serves
    /// by them alone: until connections to what a listener was before have come to their end.
    pub(crate) fn publish(&mut self, files: Files) -> Result<()> {
        let differs = |path: &PathBuf, file: &File| {
            self.files.get(path).is_none_or(|(_, known)| known != file)
        };
        let mut changed = files;
        changed.retain(|path, file| differs(path, file));
        // What is named has to be there: clusters come before, and go after, what leads to them.
        let path = PathBuf::from(CLUSTERS);
        let known = self.files.get(&path).map_or(0, |(_, file)| file.count());
        match changed.remove(&path) {
            None => self.replace(changed),
            Some(clusters) => {
                let grow = clusters.count() >= known;
                let clusters = Files::from([(path, clusters)]);
                let (first, then) = if grow { (clusters, changed) } else { (changed, clusters) };
                self.replace(first)?;
                self.replace(then)
            }
        }
    }

    fn replace(&mut self, files: Files) -> Result<()> {
        if files.is_empty() {
            return Ok(());
        }
        let said = self.envoy.log()?.len();
        let mut awaited = Vec::new();
        for (path, file) in files {
            let (version, _) = self.files.get(&path).context("a file that is new")?;
            let version = version + 1;
            let place = self.envoy.directory().join(&path);
            let staged = place.with_extension("new");
            fs::write(&staged, file.text(version)?)?;
            fs::rename(&staged, &place)?;
            awaited.push((statistic(&path)?, version));
            self.files.insert(path, (version, file));
        }
        self.wait(&awaited, said)?;
        thread::sleep(WORKERS_FOLLOW);
        self.wait(&awaited, said)
    }

    fn wait(&self, awaited: &[(String, u64)], said: usize) -> Result<()> {
        let deadline = Instant::now() + PATIENCE;
        // Envoy does not answer while it compiles a module, and several may on a small machine.
        while !self.follows(awaited).unwrap_or(false) {
            self.ensure_nothing_rejected(said)?;
            if Instant::now() > deadline {
                bail!("Envoy does not follow {awaited:?}:\n{}", self.envoy.log()?);
            }
            thread::sleep(LOOK_EVERY);
        }
        Ok(())
    }

    fn follows(&self, awaited: &[(String, u64)]) -> Result<bool> {
        let page = self.envoy.admin_page("/stats?filter=version_text|warming|draining")?;
        let has = |(name, version): &(String, u64)| {
            let line = format!("{name}.version_text: \"{version}\"");
            page.lines().any(|found| found.ends_with(&line))
        };
        let is_between = |line: &str| {
            (line.contains("warming") || line.contains("draining")) && !line.ends_with(": 0")
        };
        Ok(!page.lines().any(is_between) && awaited.iter().all(has))
    }

    fn ensure_nothing_rejected(&self, said: usize) -> Result<()> {
        let log = self.envoy.log()?;
        let news = log.get(said..).unwrap_or_default();
        match news.lines().find(|line| line.contains("rejected") || line.contains("update failed"))
        {
            Some(_) => bail!("Envoy refuses its configuration:\n{news}"),
            None => Ok(()),
        }
    }
}

/// What the statistics of the subscription to a file end with.
fn statistic(path: &Path) -> Result<String> {
    let stem = path.file_stem().and_then(|stem| stem.to_str()).context("a file without a name")?;
    Ok(match (stem, stem.split_once('-')) {
        ("listeners", _) => "lds".to_owned(),
        ("clusters", _) => "cds".to_owned(),
        (_, Some(("routes", name))) => format!("rds.{name}"),
        _ => bail!("{} is not followed", path.display()),
    })
}
