//! The pages' own YAML through `ballast translate`: what it becomes stands beside each page, passes
//! `ballast check`, and does to requests what the page says.

use anyhow::{Context as _, Result, ensure};
use filter_config::docs;
use serde_json::Value;
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pages")
}

/// Runs `ballast` among the pages.
fn ballast(arguments: &[&str]) -> Result<Output> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ballast"));
    Ok(command.args(arguments).current_dir(folder()).output()?)
}

fn text(bytes: Vec<u8>) -> Result<String> {
    Ok(String::from_utf8(bytes)?)
}

/// What `translate` says of each part of a page.
fn lines(page: &str) -> Result<Vec<Value>> {
    let output = ballast(&["translate", "--output", "json", page])?;
    let report: Value = serde_json::from_slice(&output.stdout).context(page.to_owned())?;
    report.get("lines").and_then(Value::as_array).cloned().context("no lines")
}

/// The pages, sorted.
fn pages() -> Result<Vec<String>> {
    let mut pages = Vec::new();
    for entry in fs::read_dir(folder())? {
        let name = entry?.file_name().to_string_lossy().into_owned();
        if name.ends_with(".yaml") {
            pages.push(name);
        }
    }
    pages.sort();
    ensure!(pages.len() > 5, "only {} pages", pages.len());
    Ok(pages)
}

/// What is written, and the line for every part, as they are committed.
#[test]
fn every_page_becomes_what_stands_beside_it() -> Result<()> {
    for page in pages()? {
        let output = ballast(&["translate", &page])?;
        ensure!(output.status.code() != Some(2), "{page}: {}", text(output.stderr)?);
        let both = format!("{}\n{}", text(output.stderr)?, text(output.stdout)?);
        docs::assert_file_contents(&folder().join(page).with_extension("translated"), &both);
    }
    Ok(())
}

/// What stands above the tables of all blocks.
const INTRODUCTION: &str = "\
# The pages' blocks

Every YAML document of the tutorials, as it stands there, and what `ballast translate` makes of it. A test writes this
table and fails where a document is told nothing of. What the pages promise is held against the translation: in the
modules by `../pages.rs`, and in traffic, served by istiod, by `TestTranslated` of `integration/istio`.

*carried*: one of our filters does it. *stock*: Istio or Envoy does it, as it is written or as the line says. *lost*: it
is not done, and the line says what does it today.
";

/// A document of which nothing is said is left out silently: there is none.
#[test]
fn every_document_of_every_page_is_accounted_for() -> Result<()> {
    let mut table = format!(
        "{INTRODUCTION}\n| page | documents | carried | stock | lost |\n|---|---:|---:|---:|---:|\n"
    );
    let mut blocks = String::new();
    for page in pages()? {
        let source = fs::read_to_string(folder().join(&page))?;
        let kinds = source.lines().filter(|line| line.starts_with("kind: ")).count();
        let lines = lines(&page)?;
        let documents: BTreeMap<&str, ()> = lines
            .iter()
            .filter_map(|line| Some((line.get("document")?.as_str()?, ())))
            .filter(|(document, ())| document.contains(' '))
            .collect();
        ensure!(documents.len() == kinds, "{page}: {kinds} documents, told of {documents:?}");
        let count = |fate: &str| lines.iter().filter(|line| line["fate"] == fate).count();
        let (carried, stock, lost) = (count("carried"), count("stock"), count("lost"));
        table.push_str(&format!("| {page} | {kinds} | {carried} | {stock} | {lost} |\n"));
        blocks.push_str(&format!("\n## {page}\n\n| block | part | | |\n|---|---|---|---|\n"));
        blocks.extend(lines.iter().map(block));
    }
    table.push_str(&blocks);
    println!("{table}");
    docs::assert_file_contents(&folder().join("README.md"), &table);
    Ok(())
}

/// A line of `translate` as a row.
fn block(line: &Value) -> String {
    let text = |key: &str| {
        let text = line.get(key).and_then(Value::as_str).unwrap_or_default();
        text.replace('|', "\\|")
    };
    let (document, path, fate) = (text("document"), text("path"), text("fate"));
    let part = if path.is_empty() { path } else { format!("`{path}`") };
    format!("| {document} | {part} | {fate} | {} |\n", text("message"))
}

#[test]
fn what_is_written_passes_check() -> Result<()> {
    let dir = std::env::temp_dir().join(format!("ballast-pages-{}", std::process::id()));
    let filters: Value = serde_json::from_slice(&ballast(&["schema", "--output", "json"])?.stdout)?;
    let filters = filters["filters"].as_array().into_iter().flatten().filter_map(Value::as_str);
    let filters: Vec<String> = filters.map(|filter| filter.replace('_', "-")).collect();
    let mut checked = 0;
    for page in pages()? {
        let written = dir.join(&page);
        let to = written.to_string_lossy().into_owned();
        let output = ballast(&["translate", "--dir", &to, &page])?;
        let files = text(output.stdout)?;
        ensure!(!files.is_empty(), "{page}: nothing was written: {}", text(output.stderr)?);
        let check: Vec<&str> = std::iter::once("check").chain(files.lines()).collect();
        let report = text(ballast(&[&check[..], &["--output", "json"]].concat())?.stdout)?;
        let report: Value = serde_json::from_str(&report)?;
        let configurations = report["configurations"].as_u64().unwrap_or_default();
        let is_ours = |file: &&str| {
            let name = file.rsplit('/').next().and_then(|name| name.strip_prefix("ballast-"));
            name.is_some_and(|name| filters.iter().any(|filter| name.starts_with(filter)))
        };
        let ours = files.lines().filter(is_ours).count() as u64;
        let errors = &report["errors"];
        // A page without anything for our filters gives `check` nothing, which it says.
        ensure!(configurations == ours && (*errors == 0 || ours == 0), "{page}: {report:#}");
        checked += configurations;
    }
    fs::remove_dir_all(dir)?;
    println!("{checked} configurations");
    assert!(checked > 5, "only {checked} configurations");
    Ok(())
}

/// A page's configuration for one place, through the module: statuses, and how often of 400.
fn explain(page: &str, place: &str, arguments: &[&str]) -> Result<Value> {
    let dir = std::env::temp_dir().join(format!("ballast-{place}-{}-{}", page, std::process::id()));
    let to = dir.to_string_lossy().into_owned();
    ballast(&["translate", "--format", "config", "--dir", &to, page])?;
    let config = dir.join(format!("ballast-{place}.yaml"));
    let config = config.to_string_lossy().into_owned();
    let filter = ["fault-injection", "acl", "rate-limit-quota"]
        .into_iter()
        .find(|filter| place.starts_with(filter))
        .context("a filter")?;
    let explain = ["explain", "--output", "json", "--config", &config, "--filter", filter];
    let output = ballast(&[&explain[..], arguments].concat())?;
    let report = serde_json::from_slice(&output.stdout);
    let report = report.with_context(|| String::from_utf8_lossy(&output.stderr).into_owned());
    fs::remove_dir_all(dir)?;
    report
}

/// How many requests ended with this status and these details.
fn count(report: &Value, status: u16, details: &str) -> u64 {
    let outcomes = report["outcomes"].as_array().into_iter().flatten();
    let alike = outcomes.filter(|one| one["status"] == status && one["details"] == details);
    alike.filter_map(|one| one["count"].as_u64()).sum()
}

/// The longest time that an outcome took, in milliseconds.
fn longest(report: &Value) -> u64 {
    let outcomes = report["outcomes"].as_array().into_iter().flatten();
    outcomes.filter_map(|one| one.pointer("/tookMs/1")?.as_u64()).max().unwrap_or_default()
}

/// Half of 400, within the bounds that 99.9 % of all runs keep.
const HALF: std::ops::RangeInclusive<u64> = 167..=233;

#[test]
fn aborts_and_delays_of_a_share() -> Result<()> {
    let many = ["--times", "400", "--authority"];
    let outbound = "fault-injection-outbound";
    let inventory = explain("coolstore.yaml", outbound, &[&many[..], &["inventory"]].concat())?;
    let aborted = count(&inventory, 500, "fault_injection.inventory.abort");
    assert!(HALF.contains(&aborted), "{aborted} of 400");
    let catalog = explain("coolstore.yaml", outbound, &["--authority", "catalog:8080"])?;
    assert_eq!((count(&catalog, 200, "via_upstream"), longest(&catalog)), (1, 5000));
    let other = explain("coolstore.yaml", outbound, &[&many[..], &["gateway"]].concat())?;
    assert_eq!((count(&other, 200, "via_upstream"), longest(&other)), (400, 0));
    let full = ["recommendation.tutorial.svc.cluster.local:8080"];
    let report = explain("recommendation.yaml", outbound, &[&many[..], &full].concat())?;
    let aborted = count(&report, 503, "fault_injection.recommendation.abort");
    assert!(HALF.contains(&aborted), "{aborted} of 400");
    Ok(())
}

#[test]
fn faults_of_one_user_and_routes_in_their_order() -> Result<()> {
    let outbound = "fault-injection-outbound";
    let jason = ["--authority", "ratings", "-H", "end-user: jason"];
    assert_eq!(longest(&explain("bookinfo.yaml", outbound, &jason)?), 7000);
    assert_eq!(
        longest(&explain("bookinfo.yaml", outbound, jason.get(..2).unwrap_or_default())?),
        0
    );
    let aborted = explain("bookinfo-abort.yaml", outbound, &jason)?;
    assert_eq!(count(&aborted, 500, "fault_injection.ratings.abort"), 1);
    let callers = "fault-injection-outbound-reviews-v2";
    let cookie = ["--authority", "ratings", "-H", "cookie: a=b;user=jason"];
    assert_eq!(longest(&explain("bookinfo-v1alpha2.yaml", callers, &cookie)?), 7000);
    let catalogue = ["--authority", "catalogue", "--request", "GET /catalogue/size"];
    assert_eq!(longest(&explain("sock-shop.yaml", outbound, &catalogue)?), 0);
    let catalogue = ["--authority", "catalogue", "--request", "GET /catalogue/1"];
    assert_eq!(longest(&explain("sock-shop.yaml", outbound, &catalogue)?), 2000);
    Ok(())
}

/// The body of the first outcome.
fn body(report: &Value) -> &str {
    report.pointer("/outcomes/0/clientBody").and_then(Value::as_str).unwrap_or_default()
}

#[test]
fn mixers_deny_list_and_allow_list_with_their_texts() -> Result<()> {
    let ask = |app: &str| {
        let label = format!("app={app}");
        let place = "acl-inbound-preference";
        explain("recommendation-mixer.yaml", place, &["--source-label", &label])
    };
    let customer = ask("customer")?;
    assert_eq!(
        body(&customer),
        "PERMISSION_DENIED:denycustomerhandler.denier.tutorial:Not allowed",
        "{customer:#}"
    );
    let stranger = ask("gateway")?;
    assert_eq!(
        body(&stranger),
        "NOT_FOUND:preferencewhitelist.listchecker.tutorial:gateway is not whitelisted"
    );
    assert_eq!(count(&ask("recommendation")?, 200, "via_upstream"), 1);
    Ok(())
}

#[test]
fn mixers_denial_of_one_version() -> Result<()> {
    let ask = |version: &str| {
        let version = format!("version={version}");
        let labels = ["--source-label", "app=reviews", "--source-label", &version];
        explain("mixer-1-1.yaml", "acl-inbound-ratings", &labels)
    };
    let denied = ask("v3")?;
    let reply = "PERMISSION_DENIED:denyreviewsv3handler.denier.default:Not allowed";
    assert_eq!(body(&denied), reply, "{denied:#}");
    // Whom nobody denies is asked for on the list, which is not there yet.
    assert_ne!(body(&ask("v2")?), reply);
    Ok(())
}

#[test]
fn mixers_quota_by_path_and_cookie() -> Result<()> {
    let ask = |arguments: &[&str]| {
        let labels = ["--label", "app=productpage", "--label", "version=v1"];
        let page = ["--request", "GET /productpage", "--times", "4", "--every", "100ms"];
        let place = "rate-limit-quota-inbound-productpage";
        let report = explain("mixer-1-1.yaml", place, &[&labels[..], &page, arguments].concat())?;
        Ok::<u64, anyhow::Error>(count(&report, 200, "via_upstream"))
    };
    // A request costs 5, of 500 a second for one caller, and of 2 in five seconds for the others.
    assert_eq!(ask(&["-H", "x-forwarded-for: 10.28.11.20"])?, 4);
    assert_eq!(ask(&["-H", "x-forwarded-for: 10.28.11.21"])?, 0);
    assert_eq!(ask(&["-H", "x-forwarded-for: 10.28.11.21", "-H", "cookie: session=1"])?, 4);
    Ok(())
}

#[test]
fn who_may_call_by_identity_and_path() -> Result<()> {
    let ask = |from: &str, request: &str| {
        let spiffe = format!("spiffe://cluster.local/ns/bookinfo/sa/{from}");
        let arguments = ["--from", &spiffe, "--request", request];
        let report = explain("authorization.yaml", "acl-inbound-ratings", &arguments)?;
        Ok::<u64, anyhow::Error>(count(&report, 200, "via_upstream"))
    };
    assert_eq!(ask("bookinfo-reviews", "GET /ratings/1")?, 1);
    assert_eq!(ask("bookinfo-reviews", "POST /ratings/1")?, 0);
    assert_eq!(ask("bookinfo-details", "GET /ratings/1")?, 0);
    // The rest of the namespace allows nothing.
    let from = ["--from", "spiffe://cluster.local/ns/bookinfo/sa/bookinfo-reviews"];
    let report = explain("authorization.yaml", "acl-inbound", &from)?;
    assert_eq!(count(&report, 200, "via_upstream"), 0);
    Ok(())
}

#[test]
fn mixers_quota_and_its_override() -> Result<()> {
    let ask = |source: &str| {
        let source = format!("app={source}");
        let labels = ["--source-label", &source, "--label", "app=recommendation"];
        let more = ["--label", "version=v2", "--times", "4", "--every", "100ms"];
        let place = "rate-limit-quota-inbound-recommendation";
        let arguments = [&labels[..], &more].concat();
        let report = explain("recommendation-mixer.yaml", place, &arguments)?;
        Ok::<u64, anyhow::Error>(count(&report, 200, "via_upstream"))
    };
    // One per second for preference, 500 for everybody else.
    assert_eq!((ask("preference")?, ask("customer")?), (1, 4));
    Ok(())
}
