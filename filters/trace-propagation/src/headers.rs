//! The trace headers of a request, found in one walk.

use filter_api::{HeaderName, HeaderPairs, InvalidHeader};

/// A header that some format has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Known {
    Traceparent,
    Tracestate,
    B3,
    B3TraceId,
    B3SpanId,
    B3ParentSpanId,
    B3Sampled,
    B3Flags,
    UberTraceId,
    DatadogTraceId,
    DatadogParentId,
    DatadogSamplingPriority,
    DatadogTags,
    AmznTraceId,
    CloudTraceContext,
    OtTraceId,
    OtSpanId,
    OtSampled,
    Sw8,
    GrpcTraceBin,
    RequestId,
    Baggage,
}

/// How many there are.
const COUNT: usize = 22;

/// Their names, in the order of [`Known`].
pub(crate) const NAMES: [&str; COUNT] = [
    "traceparent",
    "tracestate",
    "b3",
    "x-b3-traceid",
    "x-b3-spanid",
    "x-b3-parentspanid",
    "x-b3-sampled",
    "x-b3-flags",
    "uber-trace-id",
    "x-datadog-trace-id",
    "x-datadog-parent-id",
    "x-datadog-sampling-priority",
    "x-datadog-tags",
    "x-amzn-trace-id",
    "x-cloud-trace-context",
    "ot-tracer-traceid",
    "ot-tracer-spanid",
    "ot-tracer-sampled",
    "sw8",
    "grpc-trace-bin",
    "x-request-id",
    "baggage",
];

/// Names that can be written.
#[derive(Clone, Debug)]
pub(crate) struct Names(Vec<HeaderName>);

/// The values of the known headers.
#[derive(Clone, Debug, Default)]
pub(crate) struct Snapshot<'a> {
    /// The first value of each.
    values: [Option<&'a [u8]>; COUNT],
    /// Which headers there are.
    present: Mask,
    /// Which of them there are more than once.
    repeated: Mask,
}

/// A set of known headers: most requests have few of them, and one comparison tells that a format has
/// none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Mask(u32);

/// What stands in a header that must not repeat.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Single<'a> {
    Absent,
    Value(&'a [u8]),
    Repeated,
}

// === impl Known ===

impl Known {
    /// The header of this name.
    #[inline]
    pub(crate) fn find(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"traceparent" => Self::Traceparent,
            b"tracestate" => Self::Tracestate,
            b"b3" => Self::B3,
            b"x-b3-traceid" => Self::B3TraceId,
            b"x-b3-spanid" => Self::B3SpanId,
            b"x-b3-parentspanid" => Self::B3ParentSpanId,
            b"x-b3-sampled" => Self::B3Sampled,
            b"x-b3-flags" => Self::B3Flags,
            b"uber-trace-id" => Self::UberTraceId,
            b"x-datadog-trace-id" => Self::DatadogTraceId,
            b"x-datadog-parent-id" => Self::DatadogParentId,
            b"x-datadog-sampling-priority" => Self::DatadogSamplingPriority,
            b"x-datadog-tags" => Self::DatadogTags,
            b"x-amzn-trace-id" => Self::AmznTraceId,
            b"x-cloud-trace-context" => Self::CloudTraceContext,
            b"ot-tracer-traceid" => Self::OtTraceId,
            b"ot-tracer-spanid" => Self::OtSpanId,
            b"ot-tracer-sampled" => Self::OtSampled,
            b"sw8" => Self::Sw8,
            b"grpc-trace-bin" => Self::GrpcTraceBin,
            b"x-request-id" => Self::RequestId,
            b"baggage" => Self::Baggage,
            _ => return None,
        })
    }

    /// Whether it tells of the trace: what restoring may never mix.
    pub(crate) fn is_context(self) -> bool {
        !matches!(self, Self::RequestId | Self::Baggage)
    }
}

// === impl Names ===

impl Names {
    /// All of them.
    pub(crate) fn new() -> Result<Self, InvalidHeader> {
        NAMES.iter().map(|name| HeaderName::new(name)).collect::<Result<_, _>>().map(Self)
    }

    /// The name of a header.
    pub(crate) fn of(&self, known: Known) -> Option<&HeaderName> {
        self.0.get(known as usize)
    }
}

// === impl Mask ===

impl Mask {
    /// These headers.
    pub(crate) const fn of(headers: &[Known]) -> Self {
        let (mut mask, mut rest) = (Self(0), headers);
        while let [known, others @ ..] = rest {
            mask = mask.with(*known);
            rest = others;
        }
        mask
    }

    const fn with(self, known: Known) -> Self {
        Self(self.0 | 1 << known as u32)
    }

    fn without(self, known: Known) -> Self {
        Self(self.0 & !(1 << known as u32))
    }

    fn has(self, known: Known) -> bool {
        self.0 >> known as u32 & 1 != 0
    }

    /// The headers of both.
    pub(crate) fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

// === impl Snapshot ===

impl<'a> Snapshot<'a> {
    /// Walks the headers once.
    pub(crate) fn read(headers: HeaderPairs<'a>) -> Self {
        let mut snapshot = Self::default();
        for (name, value) in headers.iter() {
            if let Some(known) = Known::find(name) {
                snapshot.add(known, value);
            }
        }
        snapshot
    }

    /// One more value.
    pub(crate) fn add(&mut self, known: Known, value: &'a [u8]) {
        if self.present.has(known) {
            self.repeated = self.repeated.with(known);
        } else {
            self.set(known, value);
        }
    }

    /// This value in place of any other.
    pub(crate) fn set(&mut self, known: Known, value: &'a [u8]) {
        if let Some(slot) = self.values.get_mut(known as usize) {
            *slot = Some(value);
            self.present = self.present.with(known);
            self.repeated = self.repeated.without(known);
        }
    }

    /// The first value.
    pub(crate) fn first(&self, known: Known) -> Option<&'a [u8]> {
        self.values.get(known as usize).copied().flatten()
    }

    /// Whether there is a value.
    pub(crate) fn has(&self, known: Known) -> bool {
        self.present.has(known)
    }

    /// Whether any of these headers is there.
    pub(crate) fn has_any(&self, mask: Mask) -> bool {
        self.present.0 & mask.0 != 0
    }

    /// Whether there are several.
    pub(crate) fn is_repeated(&self, known: Known) -> bool {
        self.repeated.has(known)
    }

    /// The value of a header that must not repeat.
    pub(crate) fn single(&self, known: Known) -> Single<'a> {
        match self.first(known) {
            Some(_) if self.is_repeated(known) => Single::Repeated,
            Some(value) => Single::Value(value),
            None => Single::Absent,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use filter_api::encode_pairs;
    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    #[test]
    fn every_name_is_found_at_its_own_place() {
        for (place, name) in NAMES.iter().enumerate() {
            assert_eq!(Known::find(name.as_bytes()).map(|known| known as usize), Some(place));
        }
        for name in ["", "traceparen", "b4", "x-b3-traceids", "X-B3-TraceId"] {
            assert_eq!(Known::find(name.as_bytes()), None, "{name}");
        }
    }

    #[test]
    fn repeats_are_seen() {
        let bytes = encode_pairs([("b3", "0"), ("traceparent", "a"), ("traceparent", "b")]);
        let snapshot = Snapshot::read(HeaderPairs::parse(&bytes));
        assert_eq!(snapshot.single(Known::B3), Single::Value(b"0"));
        assert_eq!(snapshot.single(Known::Traceparent), Single::Repeated);
        assert_eq!(snapshot.first(Known::Traceparent), Some(&b"a"[..]));
        assert_eq!(snapshot.single(Known::Sw8), Single::Absent);
    }
}
