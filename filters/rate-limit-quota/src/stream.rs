//! What is remembered of one request. One that only takes of its quotas remembers nothing.

use crate::filter::Context;
use crate::ledger::{Claim, Taken, Terms};
use filter_api::{HeaderName, HeaderValue};

/// The state of one stream.
#[derive(Debug, Default)]
pub struct QuotaStream {
    pub(crate) active: Option<Box<Active>>,
    pub(crate) waiting: Option<Box<Waiting>>,
}

/// A request whose answer or end matters.
#[derive(Debug, Default)]
pub(crate) struct Active {
    pub(crate) held: Vec<Held>,
    /// Headers of the answer.
    pub(crate) headers: Vec<(HeaderName, HeaderValue)>,
}

/// What was taken of a quota.
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) quota: usize,
    pub(crate) terms: Terms,
    pub(crate) taken: Taken,
    /// This request's own units.
    pub(crate) units: u64,
}

/// A request that waits for the service.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) parked: Vec<Parked>,
    /// At the same positions.
    pub(crate) claims: Vec<Claim>,
    pub(crate) is_grpc: bool,
    pub(crate) context: Context,
}

/// What a request that waits is to a quota.
#[derive(Debug)]
pub(crate) struct Parked {
    pub(crate) quota: usize,
    pub(crate) by_override: Option<usize>,
    pub(crate) values: Vec<Vec<u8>>,
}
