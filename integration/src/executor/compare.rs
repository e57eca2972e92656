//! One run against others of the same case.

use super::{Run, Transcript};
use anyhow::{Context as _, Result, bail, ensure};
use filter_testing::{Case, Observed};
use std::collections::BTreeSet;

/// Compares `run` with runs of the same case on other seeds, in everything in which those agree:
/// what depends on chance is left to the case's own expectation. Gives how many facts were compared.
///
/// # Errors
/// The first difference.
pub fn compare(case: &Case, others: &[Run], run: &Run) -> Result<usize> {
    let run = match run {
        Run::Served(transcript) => transcript,
        Run::Refused(line) => {
            ensure!(others.iter().all(|other| other == run), "refused only here: {line}");
            return Ok(1);
        }
    };
    let mut transcripts = Vec::with_capacity(others.len());
    for other in others {
        match other {
            Run::Served(transcript) => transcripts.push(transcript),
            Run::Refused(line) => bail!("accepted only here: {line}"),
        }
    }
    let mut facts = compare_metrics(&transcripts, run)?;
    let keys = case.filter_state_keys();
    for (index, step) in case.traffic.iter().enumerate() {
        if step.expect.share.is_none() {
            let compared = compare_step(&transcripts, run, index, &keys);
            facts += compared.with_context(|| format!("traffic[{index}]"))?;
        }
    }
    Ok(facts)
}

fn compare_metrics(others: &[&Transcript], run: &Transcript) -> Result<usize> {
    let all = others.iter().chain([&run]).flat_map(|one| one.metrics.keys());
    let names: BTreeSet<&String> = all.collect();
    let mut facts = 0;
    for name in names {
        let value = |one: &Transcript| one.metrics.get(name).copied().unwrap_or_default();
        let Some(agreed) = agreed(others.iter().map(|other| value(other))) else { continue };
        ensure!(value(run) == agreed, "{name} is {}, elsewhere {agreed}", value(run));
        facts += 1;
    }
    Ok(facts)
}

/// Compares each fact of a step in which the others agree for every request: where many requests
/// are drawn for, some of them come out alike everywhere.
fn compare_step(
    others: &[&Transcript],
    run: &Transcript,
    index: usize,
    keys: &BTreeSet<String>,
) -> Result<usize> {
    let seen = |one: &Transcript| -> Vec<Facts> {
        let facts = |step: &Vec<Observed>| step.iter().map(|one| facts_of(one, keys)).collect();
        one.steps.get(index).map(facts).unwrap_or_default()
    };
    let (others, run): (Vec<_>, _) = (others.iter().map(|other| seen(other)).collect(), seen(run));
    let Some(first) = others.first() else { return Ok(0) };
    let mut compared = 0;
    for fact in 0..FACTS.len() {
        let column = |seen: &[Facts]| -> Vec<String> {
            seen.iter().filter_map(|facts| facts.get(fact).cloned()).collect()
        };
        let elsewhere = column(first);
        if others.iter().any(|other| column(other) != elsewhere) {
            continue;
        }
        let what = FACTS.get(fact).copied().unwrap_or_default();
        let here = column(&run);
        ensure!(
            here.len() == elsewhere.len(),
            "{} requests instead of {}",
            here.len(),
            elsewhere.len()
        );
        for (n, (here, elsewhere)) in here.iter().zip(&elsewhere).enumerate() {
            ensure!(here == elsewhere, "request {n}: {what} is {here}, elsewhere {elsewhere}");
        }
        compared += here.len();
    }
    Ok(compared)
}

/// The value that all have; `None` where they differ, or where there is none.
fn agreed<T: PartialEq>(mut values: impl Iterator<Item = T>) -> Option<T> {
    let first = values.next()?;
    values.all(|value| value == first).then_some(first)
}

/// What is told of an exchange, each fact as text.
type Facts = [String; FACTS.len()];

const FACTS: [&str; 10] = [
    "status",
    "headers",
    "body",
    "details",
    "reset",
    "upstream called",
    "upstream headers",
    "filter state",
    "other filter states",
    "milliseconds",
];

/// `keys`: of filter state beside the filter's own; a real proxy shows no others.
fn facts_of(one: &Observed, keys: &BTreeSet<String>) -> Facts {
    let states: Vec<_> = keys.iter().map(|key| one.filter_states.get_key_value(key)).collect();
    [
        format!("{:?}", one.status),
        lines(&one.headers),
        String::from_utf8_lossy(&one.body).into_owned(),
        one.details.clone(),
        one.reset.to_string(),
        one.upstream_called.to_string(),
        lines(&one.upstream_headers),
        one.filter_state.clone(),
        format!("{states:?}"),
        // Ticks come in whole milliseconds, and never early.
        one.elapsed.as_nanos().div_ceil(1_000_000).to_string(),
    ]
}

/// Header lines, ordered by name: the order of different names means nothing. The length of a
/// message without a body is left out: HTTP/1's codec writes it, no filter.
fn lines(headers: &[(Vec<u8>, Vec<u8>)]) -> String {
    let mut headers: Vec<&(Vec<u8>, Vec<u8>)> = headers
        .iter()
        .filter(|(name, value)| (name.as_slice(), value.as_slice()) != (b"content-length", b"0"))
        .collect();
    headers.sort_by(|(a, _), (b, _)| a.cmp(b));
    let line = |(name, value): &(Vec<u8>, Vec<u8>)| {
        format!("{}: {}", name.escape_ascii(), value.escape_ascii())
    };
    headers.into_iter().map(line).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn served(status: u16, details: &str, elapsed: u64) -> Run {
        let one = Observed {
            status: Some(status),
            details: details.to_owned(),
            elapsed: Duration::from_micros(elapsed),
            ..Observed::default()
        };
        Run::Served(Transcript { steps: vec![vec![one]], ..Transcript::default() })
    }

    #[test]
    fn what_the_others_agree_on_must_be_the_same() -> Result<()> {
        let case = Case::parse("name: c\ntraffic: [{request: {}}]")?;
        let others = [served(200, "a", 5000), served(200, "b", 5000)];
        assert_eq!(compare(&case, &others, &served(200, "c", 4500))?, 9);
        assert!(compare(&case, &others, &served(503, "a", 5000)).is_err());
        assert!(compare(&case, &others, &served(200, "a", 5001)).is_err());
        assert!(compare(&case, &others, &served(200, "a", 4000)).is_err());
        assert!(compare(&case, &others, &Run::Refused("why".to_owned())).is_err());
        Ok(())
    }

    #[test]
    fn a_metric_the_others_do_not_have_is_a_difference() -> Result<()> {
        let case = Case::parse("name: c\ntraffic: [{request: {}}]")?;
        let mut run = served(200, "a", 0);
        if let Run::Served(transcript) = &mut run {
            transcript.metrics.insert("host_errors".to_owned(), 1);
        }
        assert!(compare(&case, &[served(200, "a", 0)], &run).is_err());
        Ok(())
    }
}
