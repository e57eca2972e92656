//! Faults that the caller asks for by header, as Envoy's own fault filter reads them.
//!
//! A header counts only where a rule allows it (`headerDelay`, `headerAbort`, `headerLimit`). Of a
//! repeated header the first value counts. A value that is no number is as if the header were
//! absent. The headers go on to the upstream, as with Envoy's filter. The one difference: a number
//! that Envoy would cut to 32 bits is no number here.

use filter_api::RequestHead;
use std::time::Duration;

#[cfg(test)]
mod tests;

const ABORT_GRPC_REQUEST: &[u8] = b"x-envoy-fault-abort-grpc-request";
const ABORT_REQUEST: &[u8] = b"x-envoy-fault-abort-request";
const ABORT_REQUEST_PERCENTAGE: &[u8] = b"x-envoy-fault-abort-request-percentage";
const DELAY_REQUEST: &[u8] = b"x-envoy-fault-delay-request";
const DELAY_REQUEST_PERCENTAGE: &[u8] = b"x-envoy-fault-delay-request-percentage";
const THROUGHPUT_RESPONSE: &[u8] = b"x-envoy-fault-throughput-response";
const THROUGHPUT_RESPONSE_PERCENTAGE: &[u8] = b"x-envoy-fault-throughput-response-percentage";

/// A status asked for by header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum RequestedAbort {
    /// Any 32-bit number, as in Envoy.
    Grpc(u32),
    /// 200 to 599.
    Http(u16),
}

/// The status asked for, HTTP before gRPC.
pub(crate) fn abort(request: &RequestHead<'_>) -> Option<RequestedAbort> {
    let http = number(request, ABORT_REQUEST)
        .and_then(|code| u16::try_from(code).ok())
        .filter(|code| (200..=599).contains(code));
    if let Some(code) = http {
        return Some(RequestedAbort::Http(code));
    }
    let grpc = number(request, ABORT_GRPC_REQUEST).and_then(|code| u32::try_from(code).ok())?;
    Some(RequestedAbort::Grpc(grpc))
}

/// The delay asked for, in milliseconds; 0 is none. At most 49 days, so that no clock overflows.
pub(crate) fn delay(request: &RequestHead<'_>) -> Option<Duration> {
    let millis = number(request, DELAY_REQUEST).filter(|millis| *millis > 0)?;
    Some(Duration::from_millis(millis.min(u64::from(u32::MAX))))
}

/// The rate asked for, in KiB per second; here in bytes. 0 is no limit.
pub(crate) fn throughput(request: &RequestHead<'_>) -> Option<u64> {
    let kib = number(request, THROUGHPUT_RESPONSE).filter(|kib| *kib > 0)?;
    Some(kib.saturating_mul(1024))
}

/// Which fault a percentage is asked for.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Percentage {
    Abort,
    Delay,
    Throughput,
}

/// The whole percentage asked for, which may lower the configured one but not raise it. `None` where
/// it is absent or no number: the configured one holds.
pub(crate) fn percentage(request: &RequestHead<'_>, of: Percentage) -> Option<u32> {
    let name = match of {
        Percentage::Abort => ABORT_REQUEST_PERCENTAGE,
        Percentage::Delay => DELAY_REQUEST_PERCENTAGE,
        Percentage::Throughput => THROUGHPUT_RESPONSE_PERCENTAGE,
    };
    number(request, name).and_then(|percent| u32::try_from(percent).ok())
}

/// An integer as `absl::SimpleAtoi` reads it into an unsigned type: white space around it and a plus
/// sign are allowed.
fn number(request: &RequestHead<'_>, name: &[u8]) -> Option<u64> {
    let value = request.headers().first(name)?.trim_ascii();
    let digits = value.strip_prefix(b"+").unwrap_or(value);
    if digits.is_empty() {
        return None;
    }
    digits.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.is_ascii_digit().then(|| u64::from(byte - b'0'))?;
        sum.checked_mul(10)?.checked_add(digit)
    })
}
