//! The call patterns by which a sandboxed module kills the whole Envoy process, not only its VM.

use std::fmt;

/// A pattern that ends a stock Envoy. All were reproduced on Envoy 1.36 to 1.40.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KillPattern {
    /// A local reply or `proxy_close_stream` inside a stream's `proxy_on_log`, `proxy_on_done` or `proxy_on_delete`.
    ActionInLog,
    /// `proxy_close_stream` twice for one stream in one callback or tick.
    CloseTwice,
    /// A local reply and `proxy_close_stream` for one stream in one callback, in either order.
    ReplyAndClose,
    /// `proxy_continue_stream(1)` before the response phase has begun.
    ContinueResponseTooEarly,
    /// A gRPC call whose service parses as a `GrpcService` without a target, as the empty string does.
    GrpcWithoutTarget,
    /// In the tick of one root context, another root of the VM arms its tick for the first time (Envoy 1.39 and older).
    TickArmedDuringTick,
}

impl KillPattern {
    /// The short name, `K1` to `K6`.
    pub fn name(self) -> &'static str {
        match self {
            Self::ActionInLog => "K1",
            Self::CloseTwice => "K2",
            Self::ReplyAndClose => "K3",
            Self::ContinueResponseTooEarly => "K4",
            Self::GrpcWithoutTarget => "K5",
            Self::TickArmedDuringTick => "K6",
        }
    }
}

/// Envoy would have died here. From this moment no callback runs in any worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Death {
    /// What the module did.
    pub pattern: KillPattern,
    /// The exported function during which it did so.
    pub callback: &'static str,
    /// The context id concerned.
    pub context: u32,
}

impl fmt::Display for Death {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "Envoy would die ({}, {:?}) in {} of context {}",
            self.pattern.name(),
            self.pattern,
            self.callback,
            self.context
        )
    }
}
