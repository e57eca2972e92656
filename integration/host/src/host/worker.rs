//! One worker thread's VM.

use crate::{
    callout::{GrpcCall, HttpCall},
    header_map::Pairs,
    host::{TestHost, outcome::Outcome, stream::StreamHandle},
    message::{Message, Request, Response},
    vm::{Vm, counts::CallCounts},
};

/// A handle on a worker (or on the main thread, see [`TestHost::main`]).
#[derive(Clone)]
pub struct Worker {
    host: TestHost,
    vm: usize,
}

impl Worker {
    pub(crate) fn new(host: TestHost, vm: usize) -> Self {
        Self { host, vm }
    }

    /// A stream to which nothing has arrived yet, under the newest configuration.
    pub fn new_stream(&self) -> StreamHandle {
        let id = self.host.with_vm(self.vm, |vm| vm.open_stream(vm.current_root)).unwrap_or(0);
        StreamHandle::new(self.host.clone(), self.vm, id)
    }

    /// A stream to which the whole request has arrived.
    pub fn open(&self, request: &Request) -> StreamHandle {
        let stream = self.new_stream();
        for (path, value) in &request.attributes {
            stream.set_attribute(path, value.as_slice());
        }
        let no_trailers = request.trailers.is_none();
        stream.send_headers(&request.headers, request.body.is_empty() && no_trailers);
        for (index, chunk) in request.body.iter().enumerate() {
            stream.send_data(chunk.as_slice(), no_trailers && index + 1 == request.body.len());
        }
        if let Some(trailers) = &request.trailers {
            stream.send_trailers(trailers);
        }
        stream
    }

    /// Sends a request and moves virtual time until the stream ends or nothing more can happen.
    ///
    /// `upstream` answers once the whole request has reached it. A stream that no timer can bring forward, or that
    /// takes longer than the builder's `max_wait`, comes back as paused.
    pub fn exchange(
        &self,
        request: Request,
        upstream: impl FnOnce(&Message) -> Response,
    ) -> Outcome {
        let stream = self.open(&request);
        let started = self.host.elapsed();
        let limit = self.host.process().get().settings.max_wait;
        let mut upstream = Some(upstream);
        while !stream.is_ended() {
            let received = stream.outcome().upstream_request.filter(|message| message.complete);
            if let Some(message) = received
                && let Some(upstream) = upstream.take()
            {
                stream.respond(&upstream(&message));
                continue;
            }
            if self.host.elapsed() - started > limit || self.host.advance_to_next().is_none() {
                break;
            }
        }
        stream.outcome()
    }

    /// HTTP calls that wait for an answer, by token.
    pub fn http_calls(&self) -> Vec<HttpCall> {
        self.host
            .read_vm(self.vm, |vm| vm.state().http_calls.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Answers an HTTP call. `false`: no such call.
    pub fn answer_http(&self, token: u32, response: &Response) -> bool {
        self.host.with_vm(self.vm, |vm| vm.answer_http(token, response)).unwrap_or(false)
    }

    /// Fails an HTTP call: the connection was reset. `false`: no such call.
    pub fn fail_http(&self, token: u32) -> bool {
        self.host.with_vm(self.vm, |vm| vm.fail_http(token)).unwrap_or(false)
    }

    /// gRPC calls and streams under way, by token.
    pub fn grpc_calls(&self) -> Vec<GrpcCall> {
        self.host
            .read_vm(self.vm, |vm| vm.state().grpc_calls.values().cloned().collect())
            .unwrap_or_default()
    }

    /// Delivers initial metadata. `false`: no such call.
    pub fn grpc_initial_metadata(&self, token: u32, metadata: &Pairs) -> bool {
        self.host.with_vm(self.vm, |vm| vm.grpc_initial_metadata(token, metadata)).unwrap_or(false)
    }

    /// Delivers a message; it ends a unary call. `false`: no such call.
    pub fn grpc_message(&self, token: u32, message: &[u8]) -> bool {
        self.host.with_vm(self.vm, |vm| vm.grpc_receive(token, message)).unwrap_or(false)
    }

    /// Closes a call or stream with a gRPC status and message, after trailing metadata if any. `false`: no such call.
    pub fn grpc_close(&self, token: u32, status: u32, message: &str, trailing: &Pairs) -> bool {
        self.host
            .with_vm(self.vm, |vm| vm.grpc_close(token, status, message, trailing))
            .unwrap_or(false)
    }

    /// This VM's calls.
    pub fn counts(&self) -> CallCounts {
        self.host.read_vm(self.vm, |vm| vm.state().counts.clone()).unwrap_or_default()
    }

    /// The size of the module's memory in bytes; it never shrinks.
    pub fn memory_bytes(&self) -> usize {
        let size = |vm: &Vm| vm.state().memory.map_or(0, |memory| memory.data_size(&vm.store));
        self.host.read_vm(self.vm, size).unwrap_or_default()
    }

    /// The export and text of this VM's trap.
    pub fn trap(&self) -> Option<String> {
        self.host
            .read_vm(self.vm, |vm| {
                vm.trap.as_ref().map(|trap| format!("{}: {}", trap.callback, trap.message))
            })
            .flatten()
    }

    /// Contexts that have not been deleted: root contexts and streams. A leak shows here.
    pub fn live_contexts(&self) -> usize {
        let count = |vm: &crate::vm::Vm| {
            let state = vm.state();
            state.roots.values().filter(|root| !root.deleted).count()
                + state.streams.values().filter(|stream| !stream.deleted).count()
        };
        self.host.read_vm(self.vm, count).unwrap_or(0)
    }
}
