//! Which host callbacks a filter takes part in.

use std::ops::BitOr;

/// The callbacks a module exports. Each exported one costs about 1.9k instructions on every
/// request, whether or not it does anything, so a filter names only those it needs; the build
/// removes all others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Callbacks(u8);

impl Callbacks {
    /// `proxy_on_request_headers`; every filter has it.
    pub const REQUEST_HEADERS: Self = Self(1);
    /// `proxy_on_response_headers`.
    pub const RESPONSE_HEADERS: Self = Self(1 << 1);
    /// `proxy_on_response_body` (and trailers, which cost nothing where there are none).
    pub const RESPONSE_BODY: Self = Self(1 << 2);
    /// `proxy_on_http_call_response`; costs nothing per request.
    pub const HTTP_CALLOUTS: Self = Self(1 << 3);
    /// `proxy_on_grpc_receive` and `proxy_on_grpc_close`; cost nothing per request.
    pub const GRPC_CALLOUTS: Self = Self(1 << 4);
    /// `proxy_on_delete`: that a stream is over is told at once. A filter that holds streams, or
    /// counts those that are open, needs it.
    pub const STREAM_END: Self = Self(1 << 5);
    /// Both kinds of calls.
    pub const CALLOUTS: Self = Self::HTTP_CALLOUTS.and(Self::GRPC_CALLOUTS);

    /// Both sets together.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every callback of `other` is in this set.
    #[must_use]
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// The set as a byte, for the module's custom section that the build reads.
    #[must_use]
    pub const fn bits(self) -> u8 {
        self.0
    }

    /// The set of [`bits`](Self::bits); unknown bits are dropped.
    #[must_use]
    pub const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b11_1111)
    }
}

impl BitOr for Callbacks {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        self.and(other)
    }
}
