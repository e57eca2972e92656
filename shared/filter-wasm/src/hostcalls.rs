//! The host's functions (proxy-wasm ABI 0.2.1 and one of WASI), each as a `Result` over bytes.
//!
//! The SDK's own wrappers panic on every status they do not expect, and on values that are not
//! UTF-8; a panic ends the VM for all requests of the worker. This file is the only one that calls
//! the host. All pointers passed are those of live slices; all pointers received were allocated by
//! this module's `proxy_on_memory_allocate`, which hands out boxed slices of exactly that size.

mod imports;

use std::ptr;

/// A status the host answered with, other than 0 (OK). See `proxy_status_t` of the ABI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Status(pub(crate) u32);

impl Status {
    /// The thing asked for does not exist.
    pub(crate) const NOT_FOUND: Self = Self(1);
    /// The context that is asked for is gone.
    pub(crate) const BAD_ARGUMENT: Self = Self(2);
    /// The host does not do this.
    pub(crate) const UNIMPLEMENTED: Self = Self(12);
    /// Somebody else set the shared value since.
    pub(crate) const CAS_MISMATCH: Self = Self(8);
}

pub(crate) type Result<T> = std::result::Result<T, Status>;

/// `proxy_stream_type_t`.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum StreamType {
    Request = 0,
    Response = 1,
}

/// `proxy_map_type_t`: whose headers.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum MapType {
    Request = 0,
    Response = 2,
    HttpCallResponse = 6,
}

/// `proxy_buffer_type_t`.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum BufferType {
    ResponseBody = 1,
    HttpCallResponseBody = 4,
    GrpcReceiveBuffer = 5,
    PluginConfiguration = 7,
}

/// `proxy_metric_type_t`.
#[derive(Clone, Copy)]
#[repr(u32)]
pub(crate) enum MetricType {
    Counter = 0,
    Gauge = 1,
}

fn check(status: u32) -> Result<()> {
    if status == 0 { Ok(()) } else { Err(Status(status)) }
}

/// Runs a call that returns bytes and takes ownership of them. Null means empty.
fn take_bytes(call: impl FnOnce(*mut *mut u8, *mut usize) -> u32) -> Result<Vec<u8>> {
    let mut data: *mut u8 = ptr::null_mut();
    let mut size: usize = 0;
    check(call(&raw mut data, &raw mut size))?;
    if data.is_null() {
        return Ok(Vec::new());
    }
    // SAFETY: the host obtained `data` from `proxy_on_memory_allocate(size)`, a boxed slice.
    Ok(unsafe { Vec::from_raw_parts(data, size, size) })
}

/// The configuration, a body piece, or a callout's answer: at most `max` bytes from the start.
pub(crate) fn buffer(buffer: BufferType, max: usize) -> Result<Vec<u8>> {
    // SAFETY: both out-pointers are valid for writes.
    take_bytes(|data, size| unsafe {
        imports::proxy_get_buffer_bytes(buffer as u32, 0, max, data, size)
    })
}

/// Replaces the whole of the body piece at hand.
pub(crate) fn replace_response_body(bytes: &[u8]) -> Result<()> {
    // SAFETY: the slice is live.
    check(unsafe {
        imports::proxy_set_buffer_bytes(
            BufferType::ResponseBody as u32,
            0,
            i32::MAX as usize,
            bytes.as_ptr(),
            bytes.len(),
        )
    })
}

/// All pairs of a header map, serialised.
pub(crate) fn header_pairs(map: MapType) -> Result<Vec<u8>> {
    // SAFETY: both out-pointers are valid for writes.
    take_bytes(|data, size| unsafe { imports::proxy_get_header_map_pairs(map as u32, data, size) })
}

pub(crate) fn add_header(map: MapType, name: &[u8], value: &[u8]) -> Result<()> {
    // SAFETY: the slices are live.
    check(unsafe {
        imports::proxy_add_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

pub(crate) fn replace_header(map: MapType, name: &[u8], value: &[u8]) -> Result<()> {
    // SAFETY: the slices are live.
    check(unsafe {
        imports::proxy_replace_header_map_value(
            map as u32,
            name.as_ptr(),
            name.len(),
            value.as_ptr(),
            value.len(),
        )
    })
}

pub(crate) fn remove_header(map: MapType, name: &[u8]) -> Result<()> {
    // SAFETY: the slice is live.
    check(unsafe { imports::proxy_remove_header_map_value(map as u32, name.as_ptr(), name.len()) })
}

/// Sends a local reply. Only [`stream`](crate::stream) calls it, once per stream.
pub(crate) fn send_local_response(reply: &filter_api::LocalReply) -> Result<()> {
    let (details, body, headers) = (reply.details(), reply.body(), reply.encoded_headers());
    let grpc_status = reply.grpc_status().map_or(-1, i32::from);
    // SAFETY: the slices are live.
    check(unsafe {
        imports::proxy_send_local_response(
            u32::from(reply.status()),
            details.as_ptr(),
            details.len(),
            body.as_ptr(),
            body.len(),
            headers.as_ptr(),
            headers.len(),
            grpc_status,
        )
    })
}

/// Resets a stream. Only [`stream`](crate::stream) calls it, once per stream.
pub(crate) fn close_stream(stream: StreamType) -> Result<()> {
    // SAFETY: no pointers.
    check(unsafe { imports::proxy_close_stream(stream as u32) })
}

/// Resumes a held side. Only [`stream`](crate::stream) calls it.
pub(crate) fn continue_stream(stream: StreamType) -> Result<()> {
    // SAFETY: no pointers.
    check(unsafe { imports::proxy_continue_stream(stream as u32) })
}

/// Makes `context` the one that stream calls act on; fails for a stream that is gone.
pub(crate) fn set_effective_context(context: u32) -> Result<()> {
    // SAFETY: no pointers.
    check(unsafe { imports::proxy_set_effective_context(context) })
}

/// The period of this root's tick in milliseconds; 0 stops it.
pub(crate) fn set_tick_period(milliseconds: u32) -> Result<()> {
    // SAFETY: no pointers.
    check(unsafe { imports::proxy_set_tick_period_milliseconds(milliseconds) })
}

pub(crate) fn define_metric(kind: MetricType, name: &str) -> Result<u32> {
    let mut id = 0;
    // SAFETY: the slice is live, the out-pointer valid for writes.
    check(unsafe {
        imports::proxy_define_metric(kind as u32, name.as_ptr(), name.len(), &raw mut id)
    })?;
    Ok(id)
}

pub(crate) fn increment_metric(id: u32, offset: i64) -> Result<()> {
    // SAFETY: no pointers.
    check(unsafe { imports::proxy_increment_metric(id, offset) })
}

/// Sets a gauge.
pub(crate) fn record_metric(id: u32, value: u64) -> Result<()> {
    // SAFETY: no pointers.
    check(unsafe { imports::proxy_record_metric(id, value) })
}

pub(crate) fn metric(id: u32) -> Result<u64> {
    let mut value = 0;
    // SAFETY: the out-pointer is valid for writes.
    check(unsafe { imports::proxy_get_metric(id, &raw mut value) })?;
    Ok(value)
}

/// An attribute; `path` is joined by NUL.
pub(crate) fn property(path: &[u8]) -> Result<Vec<u8>> {
    // SAFETY: the slice is live, both out-pointers valid for writes.
    take_bytes(|data, size| unsafe {
        imports::proxy_get_property(path.as_ptr(), path.len(), data, size)
    })
}

/// Sets filter state `wasm.<key>`.
pub(crate) fn set_property(key: &str, value: &[u8]) -> Result<()> {
    // SAFETY: the slices are live.
    check(unsafe {
        imports::proxy_set_property(key.as_ptr(), key.len(), value.as_ptr(), value.len())
    })
}

/// Envoy's foreign function that makes the stream find its route anew.
pub(crate) fn clear_route_cache() -> Result<()> {
    const NAME: &str = "clear_route_cache";
    // SAFETY: the slices are live, both out-pointers valid for writes. What it answers is dropped.
    take_bytes(|data, size| unsafe {
        imports::proxy_call_foreign_function(
            NAME.as_ptr(),
            NAME.len(),
            ptr::dangling(),
            0,
            data,
            size,
        )
    })
    .map(drop)
}

pub(crate) fn shared_data(key: &str) -> Result<(Vec<u8>, u32)> {
    let mut cas = 0;
    // SAFETY: the slice is live, all out-pointers valid for writes.
    let value = take_bytes(|data, size| unsafe {
        imports::proxy_get_shared_data(key.as_ptr(), key.len(), data, size, &raw mut cas)
    })?;
    Ok((value, cas))
}

pub(crate) fn set_shared_data(key: &str, value: &[u8], cas: u32) -> Result<()> {
    // SAFETY: the slices are live.
    check(unsafe {
        imports::proxy_set_shared_data(key.as_ptr(), key.len(), value.as_ptr(), value.len(), cas)
    })
}

/// Unary gRPC; the token comes back with the answer.
pub(crate) fn grpc_call(
    cluster: &filter_api::Cluster,
    service: &str,
    method: &str,
    message: &[u8],
    timeout: u32,
) -> Result<u32> {
    let (target, metadata, mut token) = (cluster.grpc_service(), [0_u8; 4], 0);
    // SAFETY: the slices are live, the out-pointer valid for writes.
    check(unsafe {
        imports::proxy_grpc_call(
            target.as_ptr(),
            target.len(),
            service.as_ptr(),
            service.len(),
            method.as_ptr(),
            method.len(),
            metadata.as_ptr(),
            metadata.len(),
            message.as_ptr(),
            message.len(),
            timeout,
            &raw mut token,
        )
    })?;
    Ok(token)
}

/// An HTTP call without body; the token comes back with the answer.
pub(crate) fn http_call(
    cluster: &filter_api::Cluster,
    encoded_headers: &[u8],
    timeout: u32,
) -> Result<u32> {
    let (cluster, trailers, mut token) = (cluster.as_str(), [0_u8; 4], 0);
    // SAFETY: the slices are live, the out-pointer valid for writes.
    check(unsafe {
        imports::proxy_http_call(
            cluster.as_ptr(),
            cluster.len(),
            encoded_headers.as_ptr(),
            encoded_headers.len(),
            ptr::null(),
            0,
            trailers.as_ptr(),
            trailers.len(),
            timeout,
            &raw mut token,
        )
    })?;
    Ok(token)
}

/// Writes to Envoy's log.
pub(crate) fn log(level: u32, message: &str) -> Result<()> {
    // SAFETY: the slice is live.
    check(unsafe { imports::proxy_log(level, message.as_ptr(), message.len()) })
}

/// Envoy's log level for Wasm, 0 (trace) to 5 (critical).
pub(crate) fn log_level() -> Result<u32> {
    let mut level = 0;
    // SAFETY: the out-pointer is valid for writes.
    check(unsafe { imports::proxy_get_log_level(&raw mut level) })?;
    Ok(level)
}

/// Nanoseconds since the epoch.
pub(crate) fn unix_time() -> Result<u64> {
    let mut time = 0;
    // SAFETY: the out-pointer is valid for writes.
    check(unsafe { imports::proxy_get_current_time_nanoseconds(&raw mut time) })?;
    Ok(time)
}

/// Nanoseconds on the process's monotonic clock.
pub(crate) fn monotonic() -> Result<u64> {
    const CLOCK_MONOTONIC: u32 = 1;
    let mut time = 0;
    // SAFETY: the out-pointer is valid for writes.
    check(unsafe { imports::clock_time_get(CLOCK_MONOTONIC, 0, &raw mut time) })?;
    Ok(time)
}
