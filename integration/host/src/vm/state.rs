//! What one VM's host functions work on.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use wasmtime::{Memory, TypedFunc};

use crate::{
    callout::{GrpcCall, HttpCall},
    header_map::{HeaderMap, Pairs},
    process::{SharedProcess, metrics::MetricType},
    stream::{Direction, Stream},
    vm::{
        counts::CallCounts,
        log::{LogLevel, LogLine, VmRole},
    },
};

/// A root context: one plugin configuration in one VM.
#[derive(Default)]
pub(crate) struct Root {
    pub(crate) configuration: Vec<u8>,
    /// The tick period in milliseconds, 0: none.
    pub(crate) period: u64,
    /// When it ticks next, nanoseconds since the epoch.
    pub(crate) next_tick: Option<u64>,
    /// The VM's timer table has an entry for this root (what K6 turns on).
    pub(crate) timer_known: bool,
    /// `proxy_on_done` answered false: waiting for `proxy_done`.
    pub(crate) done_pending: bool,
    pub(crate) deleted: bool,
}

/// A stream action that Envoy carries out after the VM call has returned.
#[derive(Debug)]
pub(crate) enum Action {
    Continue(u32, Direction),
    Close(u32),
    Reply(u32, Reply),
    /// A root context said `proxy_done`.
    DeleteRoot(u32),
}

/// A local reply as the module asked for it.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u32,
    pub(crate) details: String,
    pub(crate) body: Vec<u8>,
    pub(crate) headers: Pairs,
    pub(crate) grpc_status: i32,
}

/// The answer of an HTTP call while it is delivered.
pub(crate) struct CallResponse {
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
    pub(crate) trailers: HeaderMap,
}

/// The wasmtime store's data.
pub(crate) struct VmState {
    pub(crate) index: usize,
    pub(crate) role: VmRole,
    pub(crate) process: SharedProcess,
    pub(crate) memory: Option<Memory>,
    pub(crate) allocator: Option<(&'static str, TypedFunc<u32, u32>)>,
    pub(crate) roots: BTreeMap<u32, Root>,
    pub(crate) streams: BTreeMap<u32, Stream>,
    pub(crate) next_context: u32,
    /// The context of the callback under way, and the one `proxy_set_effective_context` chose (0: none).
    pub(crate) current: u32,
    pub(crate) effective: u32,
    pub(crate) callback: &'static str,
    /// Counts callbacks, so that actions of one callback can be told from those of the next.
    pub(crate) call_number: u64,
    /// A local reply was sent in this callback: its return value no longer counts.
    pub(crate) stop_iteration: bool,
    pub(crate) configuring: bool,
    pub(crate) actions: VecDeque<Action>,
    pub(crate) metric_ids: BTreeMap<u32, (MetricType, Vec<u8>)>,
    pub(crate) ticking: Option<u32>,
    /// Roots that armed their tick for the first time during the tick under way.
    pub(crate) armed_in_tick: bool,
    pub(crate) http_calls: BTreeMap<u32, HttpCall>,
    pub(crate) grpc_calls: BTreeMap<u32, GrpcCall>,
    pub(crate) next_http_token: u32,
    pub(crate) next_grpc_call: u32,
    pub(crate) next_grpc_stream: u32,
    pub(crate) call_response: Option<CallResponse>,
    pub(crate) grpc_message: Option<Vec<u8>>,
    pub(crate) grpc_initial: Option<HeaderMap>,
    pub(crate) grpc_trailing: Option<HeaderMap>,
    pub(crate) status: (u32, Vec<u8>),
    pub(crate) rng: u64,
    pub(crate) counts: CallCounts,
    /// The host functions that may be called now; `None`: all.
    pub(crate) allowed: Option<&'static [&'static str]>,
    pub(crate) injected_bytes: Option<Vec<u8>>,
    /// The buffer asked for last, which buffer 8 (call data) aliases.
    pub(crate) last_buffer: u32,
    /// Properties declared read-only.
    pub(crate) read_only: BTreeSet<String>,
    pub(crate) declared: BTreeSet<String>,
}

impl VmState {
    pub(crate) fn new(index: usize, role: VmRole, process: SharedProcess) -> Self {
        let seed = process.get().settings.seed;
        let salt = match role {
            VmRole::Canary => 1,
            VmRole::Main => 2,
            VmRole::Worker(worker) => 3 + worker as u64,
        };
        Self {
            index,
            role,
            process,
            memory: None,
            allocator: None,
            roots: BTreeMap::new(),
            streams: BTreeMap::new(),
            next_context: 1,
            current: 0,
            effective: 0,
            callback: "_initialize",
            call_number: 0,
            stop_iteration: false,
            configuring: false,
            actions: VecDeque::new(),
            metric_ids: BTreeMap::new(),
            ticking: None,
            armed_in_tick: false,
            http_calls: BTreeMap::new(),
            grpc_calls: BTreeMap::new(),
            // The low two bits tell HTTP calls, gRPC calls and gRPC streams apart.
            next_http_token: 4,
            next_grpc_call: 5,
            next_grpc_stream: 6,
            call_response: None,
            grpc_message: None,
            grpc_initial: None,
            grpc_trailing: None,
            status: (0, Vec::new()),
            // Spread apart, so that two VMs never walk the same sequence one step behind the other.
            rng: (seed ^ salt.rotate_left(32)).wrapping_mul(0xd134_2543_de82_ef95),
            counts: CallCounts::default(),
            allowed: None,
            injected_bytes: None,
            last_buffer: 8,
            read_only: BTreeSet::new(),
            declared: BTreeSet::new(),
        }
    }

    /// The context host calls act on: the effective one while it lives, else the callback's own.
    pub(crate) fn context(&self) -> u32 {
        if self.effective != 0 && self.is_alive(self.effective) {
            self.effective
        } else {
            self.current
        }
    }

    /// A context with this id exists.
    pub(crate) fn is_alive(&self, id: u32) -> bool {
        self.roots.get(&id).is_some_and(|root| !root.deleted)
            || self.streams.get(&id).is_some_and(|stream| !stream.deleted)
    }

    /// The stream that host calls act on, if the context is a stream's.
    pub(crate) fn stream(&self) -> Option<&Stream> {
        self.streams.get(&self.context())
    }

    /// As [`Self::stream`], to change it.
    pub(crate) fn stream_mut(&mut self) -> Option<&mut Stream> {
        let id = self.context();
        self.streams.get_mut(&id)
    }

    /// The root context of the context that host calls act on.
    pub(crate) fn root_id(&self) -> u32 {
        self.stream().map_or_else(|| self.context(), |stream| stream.root)
    }

    /// The next 64 bits of the VM's random sequence (splitmix64).
    pub(crate) fn next_random(&mut self) -> u64 {
        self.rng = self.rng.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.rng;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Keeps a line the module logged.
    pub(crate) fn log(&self, level: LogLevel, message: &[u8]) {
        let line = LogLine {
            vm: self.role,
            context: self.context(),
            level,
            message: String::from_utf8_lossy(message).into_owned(),
        };
        self.process.get_mut().logs.push(line);
    }
}
