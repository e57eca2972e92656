//! What all formats have in common: the context of one request.

/// A trace id. 64-bit systems leave `high` at 0. Never all zero in a [`TraceContext`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TraceId {
    pub(crate) high: u64,
    pub(crate) low: u64,
}

/// Whether the trace is recorded.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Decision {
    /// Left to whoever reads it next.
    #[default]
    Deferred,
    /// Not recorded.
    Drop,
    /// Recorded.
    Keep,
    /// Recorded, whatever any sampler says.
    Debug,
}

/// The context of one request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct TraceContext {
    pub(crate) trace_id: TraceId,
    /// The caller's span; 0 where the format left it out.
    pub(crate) span_id: u64,
    /// The span above the caller's, which only B3 tells; 0 where there is none.
    pub(crate) parent_span_id: u64,
    pub(crate) decision: Decision,
    /// W3C Level 2: the right-most 56 bits of the trace id are random.
    pub(crate) is_random: bool,
}

/// What a request says in one format.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    /// Nothing.
    Absent,
    /// Something that the specification does not allow. None of it is used.
    Malformed,
    /// Whether to record, and no ids (`b3: 0`).
    Undecided(Decision),
    /// A whole context.
    Context(TraceContext),
}

// === impl TraceId ===

impl TraceId {
    pub(crate) fn is_zero(self) -> bool {
        self.high | self.low == 0
    }

    /// The same trace, where one of both may be the 64-bit form of the other.
    pub(crate) fn is_same(self, other: Self) -> bool {
        self.low == other.low && (self.high == other.high || self.high == 0 || other.high == 0)
    }
}

// === impl Decision ===

impl Decision {
    /// The decision of a format that knows yes and no.
    pub(crate) fn of(is_sampled: bool) -> Self {
        if is_sampled { Self::Keep } else { Self::Drop }
    }

    pub(crate) fn is_sampled(self) -> bool {
        matches!(self, Self::Keep | Self::Debug)
    }

    /// Whether one of both says yes and the other no. An open one contradicts nothing.
    pub(crate) fn contradicts(self, other: Self) -> bool {
        self != Self::Deferred && other != Self::Deferred && self.is_sampled() != other.is_sampled()
    }

    /// For formats without a debug flag.
    pub(crate) fn without_debug(self) -> Self {
        if self == Self::Debug { Self::Keep } else { self }
    }

    /// For formats that cannot leave it open.
    pub(crate) fn decided(self) -> Self {
        if self == Self::Deferred { Self::Drop } else { self }
    }
}

// === impl Reading ===

impl Reading {
    /// A context, or malformed where there is none.
    pub(crate) fn of(context: Option<TraceContext>) -> Self {
        context.map_or(Self::Malformed, Self::Context)
    }
}
