//! What there is to try.

/// One attempt on Envoy's life.
#[derive(Clone, Copy, Default, PartialEq)]
pub(crate) enum Attempt {
    /// Keep one byte of the body, then reset.
    CutBody,
    /// Hold the response's headers, then reply, then reset.
    EndHeldResponse,
    /// Hold the request, and again at each of ten deadlines, then let it go.
    HoldAgainAndAgain,
    /// Hold the request until somebody else ends it.
    HoldForEver,
    /// Hold the response without having held the request, then each piece of its body.
    HoldResponse,
    /// Hold the response until somebody else ends it.
    HoldResponseForEver,
    #[default]
    None,
    /// Hold the request, reply at the deadline, and reset that reply on its way out.
    ReplyAtDeadline,
    /// Reply in the stead of the upstream's response, and reset that reply on its way out.
    ReplyAtResponse,
    /// Reply, and reset our own reply on its way out.
    ReplyThenReset,
    /// Hold the request, reset it at the deadline, and at every later callback again.
    ResetHeld,
    /// Reset the response at its headers and at each piece of its body.
    ResetResponseTwice,
    /// Reset, and then at every later callback again.
    ResetTwice,
    /// A reply with a line break in a header.
    Split,
}

impl Attempt {
    /// The attempt that `x-try` names.
    pub(crate) fn named(name: &[u8]) -> Self {
        match name {
            b"cut-body" => Self::CutBody,
            b"end-held-response" => Self::EndHeldResponse,
            b"hold-again-and-again" => Self::HoldAgainAndAgain,
            b"hold-for-ever" => Self::HoldForEver,
            b"hold-response" => Self::HoldResponse,
            b"hold-response-for-ever" => Self::HoldResponseForEver,
            b"reply-at-deadline" => Self::ReplyAtDeadline,
            b"reply-at-response" => Self::ReplyAtResponse,
            b"reply-then-reset" => Self::ReplyThenReset,
            b"reset-held" => Self::ResetHeld,
            b"reset-response-twice" => Self::ResetResponseTwice,
            b"reset-twice" => Self::ResetTwice,
            b"split" => Self::Split,
            _ => Self::None,
        }
    }
}
