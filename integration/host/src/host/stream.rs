//! A stream driven step by step.

use crate::{
    header_map::Pairs,
    host::{TestHost, outcome::Outcome},
    message::Response,
    stream::Direction,
};

/// A handle on one stream of a worker; clones drive the same stream.
#[derive(Clone)]
pub struct StreamHandle {
    host: TestHost,
    vm: usize,
    id: u32,
}

impl StreamHandle {
    pub(crate) fn new(host: TestHost, vm: usize, id: u32) -> Self {
        Self { host, vm, id }
    }

    /// The stream's context id in its VM.
    pub fn id(&self) -> u32 {
        self.id
    }

    /// Sets an attribute by dotted path, serialised as Envoy does.
    pub fn set_attribute(&self, path: &str, value: impl Into<Vec<u8>>) {
        self.drive(|vm, id| {
            if let Some(stream) = vm.live(id) {
                stream.attributes.insert(path.to_owned(), value.into());
            }
        });
    }

    fn drive(&self, work: impl FnOnce(&mut crate::vm::Vm, u32)) {
        self.host.with_vm(self.vm, |vm| {
            work(vm, self.id);
            vm.settle();
        });
    }

    /// The client's request headers arrive.
    pub fn send_headers(&self, headers: &Pairs, end_stream: bool) {
        self.drive(|vm, id| vm.receive_headers(id, Direction::Request, headers, end_stream));
    }

    /// A chunk of the client's body arrives.
    pub fn send_data(&self, chunk: impl Into<Vec<u8>>, end_stream: bool) {
        self.drive(|vm, id| vm.receive_data(id, Direction::Request, chunk.into(), end_stream));
    }

    /// The client's trailers arrive.
    pub fn send_trailers(&self, trailers: &Pairs) {
        self.drive(|vm, id| vm.receive_trailers(id, Direction::Request, trailers.clone()));
    }

    /// The upstream's response headers arrive.
    pub fn upstream_headers(&self, headers: &Pairs, end_stream: bool) {
        self.drive(|vm, id| vm.receive_headers(id, Direction::Response, headers, end_stream));
    }

    /// A chunk of the upstream's body arrives; it waits while back-pressure holds.
    pub fn upstream_data(&self, chunk: impl Into<Vec<u8>>, end_stream: bool) {
        self.drive(|vm, id| vm.receive_data(id, Direction::Response, chunk.into(), end_stream));
    }

    /// The upstream's trailers arrive.
    pub fn upstream_trailers(&self, trailers: &Pairs) {
        self.drive(|vm, id| vm.receive_trailers(id, Direction::Response, trailers.clone()));
    }

    /// The upstream's whole answer arrives.
    pub fn respond(&self, response: &Response) {
        let no_trailers = response.trailers.is_none();
        self.upstream_headers(&response.headers, response.body.is_empty() && no_trailers);
        for (index, chunk) in response.body.iter().enumerate() {
            self.upstream_data(chunk.as_slice(), no_trailers && index + 1 == response.body.len());
        }
        if let Some(trailers) = &response.trailers {
            self.upstream_trailers(trailers);
        }
    }

    /// The upstream's connection breaks.
    pub fn upstream_reset(&self) {
        self.drive(|vm, id| vm.upstream_reset(id));
    }

    /// The client leaves.
    pub fn disconnect(&self) {
        self.drive(|vm, id| vm.disconnect(id));
    }

    /// The stream has ended: complete, reset or left by its client.
    pub fn is_ended(&self) -> bool {
        self.read(|stream| stream.end.is_some())
    }

    /// The module holds this side.
    pub fn is_paused(&self, direction: Direction) -> bool {
        self.read(|stream| stream.end.is_none() && stream.side(direction).is_paused())
    }

    /// Back-pressure holds: Envoy reads no more from this side's source.
    pub fn is_read_disabled(&self, direction: Direction) -> bool {
        self.host.read_vm(self.vm, |vm| vm.is_read_disabled(self.id, direction)).unwrap_or(false)
    }

    /// Bytes in Envoy's buffer for this side.
    pub fn buffered(&self, direction: Direction) -> usize {
        self.host
            .read_vm(self.vm, |vm| {
                vm.state()
                    .streams
                    .get(&self.id)
                    .map_or(0, |stream| stream.side(direction).buffered())
            })
            .unwrap_or(0)
    }

    fn read(&self, read: impl FnOnce(&crate::stream::Stream) -> bool) -> bool {
        self.host
            .read_vm(self.vm, |vm| vm.state().streams.get(&self.id).is_some_and(read))
            .unwrap_or(false)
    }

    /// What has become of the stream so far.
    pub fn outcome(&self) -> Outcome {
        let (now, death) = (self.host.now(), self.host.death());
        let empty = || Outcome::new(&crate::stream::Stream::new(0, now), now, None, death.clone());
        self.host
            .read_vm(self.vm, |vm| {
                let trap =
                    vm.trap.as_ref().map(|trap| format!("{}: {}", trap.callback, trap.message));
                vm.state()
                    .streams
                    .get(&self.id)
                    .map(|stream| Outcome::new(stream, now, trap, death.clone()))
            })
            .flatten()
            .unwrap_or_else(empty)
    }
}
