//! The one trait a filter implements.

use crate::{
    BodyChunk, BodyDecision, BodyVerdict, Callbacks, CalloutResult, ConfigError, Decision, Effects,
    Environment, MetricRegistry, RequestHead, ResponseHead, RootDecision, Side, Stat,
};

/// What becomes of a stream when the host itself fails a call that the decision needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailureMode {
    /// The request goes on, untouched.
    Allow,
    /// The request is refused with 500 and the details `<filter>.host_failure`.
    Deny,
}

/// A filter: configuration in, decisions out.
///
/// One value serves all streams of a worker, so the calls take `&self`; what belongs to one stream
/// lives in [`Self::Stream`]. Every callback but the first two has a default that does nothing.
pub trait HttpFilter: Sized + 'static {
    /// The name in module file, metrics, details and logs, e.g. `fault_injection`.
    const NAME: &'static str;
    /// The callbacks the module exports.
    const CALLBACKS: Callbacks;
    /// Every metric of the filter.
    const STATS: &'static [&'static Stat];
    /// What happens to a request when the host fails.
    const FAILURE_MODE: FailureMode;
    /// What is remembered of one stream.
    type Stream: Default + 'static;

    /// Reads the configuration (JSON text; empty means `{}`) and defines the metrics.
    ///
    /// # Errors
    /// [`ConfigError`] names the JSON path, what was found and what is allowed. The host then keeps
    /// the last good configuration.
    fn configure(config: &[u8], metrics: &mut dyn MetricRegistry) -> Result<Self, ConfigError>;

    /// One line that says what was understood, logged at load.
    fn summary(&self) -> String;

    /// Whether any rule looks at request headers. If not, they are not read (11.5k instructions)
    /// and [`RequestHead`] is empty.
    fn needs_request_headers(&self) -> bool;

    /// The request's headers are there; nothing has gone upstream.
    fn on_request_headers(
        &self,
        stream: &mut Self::Stream,
        request: &RequestHead<'_>,
        env: &mut dyn Environment,
    ) -> Decision;

    /// The time of a [`Verdict::StopIteration`](crate::Verdict::StopIteration) is over. The default
    /// lets the stream go on.
    fn on_deadline(
        &self,
        _stream: &mut Self::Stream,
        _side: Side,
        _env: &mut dyn Environment,
    ) -> Decision {
        Decision::pass()
    }

    /// The response's headers are there; nothing has gone downstream. Called only for streams that
    /// asked for it, and never for this filter's own local replies.
    fn on_response_headers(
        &self,
        _stream: &mut Self::Stream,
        _response: &ResponseHead<'_>,
        _env: &mut dyn Environment,
    ) -> Decision {
        Decision::pass()
    }

    /// A piece of the response's body. Called only for streams that asked for it.
    fn on_response_body(
        &self,
        _stream: &mut Self::Stream,
        _chunk: BodyChunk,
        _env: &mut dyn Environment,
    ) -> BodyDecision {
        BodyDecision::of(BodyVerdict::Continue)
    }

    /// The stream is over, for whatever reason. Called once per stream that was decided on, if the
    /// filter has [`Callbacks::STREAM_END`].
    ///
    /// Shared data and clocks are there; attributes and headers may be gone.
    fn on_stream_end(&self, _stream: &mut Self::Stream, _env: &mut dyn Environment) -> Effects {
        Effects::default()
    }

    /// The plugin was configured on this worker.
    fn on_start(&self, _env: &mut dyn Environment) -> RootDecision {
        RootDecision::default()
    }

    /// The time of a [`RootDecision::wake_after`] is over.
    fn on_root_deadline(&self, _env: &mut dyn Environment) -> RootDecision {
        RootDecision::default()
    }

    /// A call ended.
    fn on_callout(&self, _result: &CalloutResult<'_>, _env: &mut dyn Environment) -> RootDecision {
        RootDecision::default()
    }
}
