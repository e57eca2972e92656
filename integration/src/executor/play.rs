//! Plays a case's traffic on any proxy.

use super::Transcript;
use anyhow::{Context as _, Result};
use filter_testing::{Case, Exchange, Observed, Step};
use std::collections::BTreeMap;
use std::time::Duration;

/// In which order the requests of a step are sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Order {
    /// Each when the one before is over.
    OneByOne,
    /// All at the same time.
    AtOnce,
    /// As the proxy likes: only their number matters.
    Any,
}

/// A proxy with the filter in it, the case's configuration loaded.
pub(super) trait Proxy {
    /// Lets time pass.
    fn advance(&mut self, time: Duration);

    /// Sends the requests and says what became of each, in their order.
    fn exchange_all(&mut self, exchanges: &[Exchange], order: Order) -> Result<Vec<Observed>>;

    /// Every metric of the filter that is not 0, by name without the filter's prefix.
    fn metrics(&mut self) -> Result<BTreeMap<String, u64>>;
}

/// Plays all traffic of the case.
pub(super) fn play(case: &Case, proxy: &mut dyn Proxy) -> Result<Transcript> {
    let mut transcript = Transcript::default();
    for (index, step) in case.traffic.iter().enumerate() {
        if step.wait_ms > 0 {
            proxy.advance(Duration::from_millis(step.wait_ms));
        }
        let observed = match exchanges(step).as_slice() {
            [] => Vec::new(),
            exchanges => proxy
                .exchange_all(exchanges, order(step))
                .with_context(|| format!("traffic[{index}]"))?,
        };
        transcript.steps.push(observed);
    }
    transcript.metrics = proxy.metrics()?;
    Ok(transcript)
}

/// The requests of a step; none where it only waits.
pub(super) fn exchanges(step: &Step) -> Vec<Exchange> {
    let Some(request) = &step.request else { return Vec::new() };
    let times = step.expect.share.map_or(request.repeat, |share| share.of);
    (0..times).map(|n| Exchange::new(request, n, &step.upstream)).collect()
}

fn order(step: &Step) -> Order {
    match (&step.request, step.expect.share) {
        (Some(request), _) if request.concurrent => Order::AtOnce,
        (_, Some(_)) => Order::Any,
        _ => Order::OneByOne,
    }
}
