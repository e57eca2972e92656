//! What every filter promises beyond its code: cases that hold, expectations that mean something, a
//! schema and a manual that are those of the code.
#![allow(clippy::print_stdout, reason = "the figures are what one runs this for")]

use crate::{Metrics, load_cases, mutants, run_pure};
use anyhow::{Context, Result, ensure};
use filter_api::HttpFilter;
use filter_config::docs;
use schemars::JsonSchema;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};

/// The folder of a filter, which its tests in `tests/contract.rs` hold against its code.
#[derive(Clone, Copy, Debug)]
pub struct Contract {
    folder: &'static str,
}

impl Contract {
    /// Of the filter in this folder: `env!("CARGO_MANIFEST_DIR")`.
    #[must_use]
    pub const fn of(folder: &'static str) -> Self {
        Self { folder }
    }

    fn file(self, name: &str) -> PathBuf {
        Path::new(self.folder).join(name)
    }

    fn manual(self) -> Result<String> {
        let path = self.file("README.md");
        fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))
    }

    /// Every case holds on the pure filter, and there are as many as the filter says, so that none
    /// is lost unnoticed.
    ///
    /// # Errors
    /// A case that cannot be read or fails, or another number of cases.
    pub fn cases_hold<F: HttpFilter>(self, count: usize) -> Result<()> {
        let cases = load_cases(&self.file("cases"))?;
        let failed = cases.iter().filter_map(|case| {
            let error = run_pure::<F>(case).err()?;
            Some(format!("{}: {error:#}", case.name))
        });
        let failed: Vec<String> = failed.collect();
        println!("{} cases, {} failed", cases.len(), failed.len());
        ensure!(failed.is_empty(), "{}", failed.join("\n"));
        ensure!(cases.len() == count, "{} cases: update the number", cases.len());
        Ok(())
    }

    /// Every expectation of every case fails when it is made wrong: one that nothing looks at is
    /// none.
    ///
    /// # Errors
    /// A case that cannot be read, or an expectation that is ignored.
    pub fn expectations_matter<F: HttpFilter>(self) -> Result<()> {
        let mut count = 0;
        for case in load_cases(&self.file("cases"))? {
            let path = self.file("cases").join(&case.name).with_extension("yaml");
            for (expectation, mutant) in mutants(&fs::read_to_string(path)?)? {
                let is_noticed = run_pure::<F>(&mutant).is_err();
                ensure!(is_noticed, "{}{expectation} is ignored", case.name);
                count += 1;
            }
        }
        println!("{count} expectations made wrong, {count} failures");
        Ok(())
    }

    /// The schema and the manual's tables are those of the wire type `C` and of the statistics; where
    /// they are not they are rewritten, and the test fails once.
    ///
    /// # Errors
    /// A manual that cannot be read or lacks the markers of its tables.
    ///
    /// # Panics
    /// The files were not those of the code, or the manual has a link to nowhere.
    pub fn documents_are_current<F: HttpFilter, C: JsonSchema>(self) -> Result<()> {
        let schema = docs::schema::<C>(F::NAME);
        docs::assert_file_contents(&self.file("config.schema.json"), &schema);
        let config = docs::config_tables(&schema);
        let stats = docs::stats_table(F::STATS, F::NAME);
        let manual = docs::replace_between_markers(&self.manual()?, "config", &config)
            .and_then(|manual| docs::replace_between_markers(&manual, "stats", &stats))
            .map_err(anyhow::Error::msg)?;
        docs::assert_file_contents(&self.file("README.md"), &manual);
        docs::assert_anchors(&manual);
        Ok(())
    }

    /// Every trap, something that is easily got wrong, has a proof: a case of the filter, or a test of
    /// it in the real Envoy or in the wasmtime host. And every proof is there.
    ///
    /// # Errors
    /// A trap without a proof, or a name that neither a case nor a test has.
    pub fn traps_are_proven<F: HttpFilter>(self, traps: &[(&str, &[&str])]) -> Result<()> {
        let tests = self.file("../../integration/tests").join(F::NAME);
        let mut code = String::new();
        for entry in fs::read_dir(&tests).with_context(|| format!("{}", tests.display()))? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "rs") {
                code.push_str(&fs::read_to_string(path)?);
            }
        }
        let is_test = |name: &str| code.contains(&format!("#[test]\nfn {name}("));
        let is_case = |name: &str| self.file("cases").join(name).with_extension("yaml").exists();
        for (trap, proofs) in traps {
            ensure!(!proofs.is_empty(), "{trap}: no case and no test");
            let missing = proofs.iter().find(|proof| !is_case(proof) && !is_test(proof));
            ensure!(missing.is_none(), "{trap}: neither case nor test is called {missing:?}");
        }
        let proofs: usize = traps.iter().map(|(_, proofs)| proofs.len()).sum();
        println!("{} traps, {proofs} proofs", traps.len());
        Ok(())
    }

    /// What the filter understood of each YAML example of its manual that is a configuration.
    ///
    /// # Errors
    /// An example that is no YAML, or that the filter refuses.
    pub fn summaries<F: HttpFilter>(self) -> Result<Vec<String>> {
        let manual = self.manual()?;
        let examples = manual.split("```yaml\n").skip(1);
        let examples = examples.map(|text| text.split("```").next().unwrap_or_default());
        examples
            .map(|text| {
                let example: Value = serde_yaml_ng::from_str(text)?;
                let config = example.to_string();
                let filter = F::configure(config.as_bytes(), &mut Metrics::default())?;
                Ok(filter.summary())
            })
            .collect()
    }
}
