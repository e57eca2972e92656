//! The streams of a VM, by the host's id.
//!
//! The SDK has a dispatcher of its own for streams. It costs a thousand instructions per request,
//! two allocations, and panics on an id that it does not know; so streams are found here, and the
//! SDK keeps what it is good for: root contexts, the allocator, the ABI's version.

use crate::root::Plugin;
use crate::stream::Stream;
use filter_api::{FailureMode, HttpFilter};
use proxy_wasm::types::Action;
use std::any::Any;
use std::cell::{Cell, RefCell};
use std::rc::Rc;

/// What the exports ask, without knowing the filter.
pub(crate) trait Streams {
    /// Streams of `root` begin with the plugin that then stands in `slot`, a [`Slot`] of the filter.
    fn add_root(&self, root: u32, slot: Rc<dyn Any>);
    /// No stream of `root` begins any more.
    fn remove_root(&self, root: u32);
    fn create(&self, id: u32, root: u32);
    fn on_request_headers(&self, id: u32) -> Action;
    fn on_response_headers(&self, id: u32, end_of_stream: bool) -> Action;
    fn on_response_body(&self, id: u32, size: usize, end_of_stream: bool) -> Action;
    fn on_response_trailers(&self, id: u32) -> Action;
    /// Ends the stream; false where `id` is none.
    fn delete(&self, id: u32) -> bool;
}

const BUCKETS: usize = 1024;

/// The plugin of a root as it is now: `None` until it is configured.
pub(crate) type Slot<F> = RefCell<Option<Rc<Plugin<F>>>>;

/// The streams of the one filter of this module.
struct StreamTable<F: HttpFilter> {
    /// The stream that was created last: the only one where requests come one after the other, and
    /// the one that is asked for next where they do not.
    latest: RefCell<Option<Rc<Stream<F>>>>,
    /// All others, in as many buckets as are enough for thousands of requests at once: the host counts
    /// ids up, so they spread by themselves.
    earlier: RefCell<Vec<Vec<Rc<Stream<F>>>>>,
    /// The memory of a stream that has ended, for the next one.
    spare: Cell<Option<Rc<Stream<F>>>>,
    roots: RefCell<Vec<(u32, Rc<Slot<F>>)>>,
}

thread_local! {
    static STREAMS: Cell<Option<&'static dyn Streams>> = const { Cell::new(None) };
}

/// The table that [`install`] made.
pub(crate) fn streams() -> Option<&'static dyn Streams> {
    STREAMS.get()
}

/// Makes the table of this VM. It lives as long as the VM, so it is never dropped.
pub(crate) fn install<F: HttpFilter>() {
    let table = StreamTable::<F> {
        latest: RefCell::default(),
        earlier: RefCell::new(std::iter::repeat_with(Vec::new).take(BUCKETS).collect()),
        spare: Cell::default(),
        roots: RefCell::default(),
    };
    STREAMS.set(Some(Box::leak(Box::new(table))));
}

impl<F: HttpFilter> StreamTable<F> {
    #[cold]
    fn plugin(&self, root: u32) -> Option<Rc<Plugin<F>>> {
        let roots = self.roots.borrow();
        let (_, slot) = roots.iter().find(|(id, _)| *id == root)?;
        slot.borrow().clone()
    }

    /// Not borrowed while a callback runs: its host calls must find the table as they like.
    #[inline]
    fn find(&self, id: u32) -> Option<Rc<Stream<F>>> {
        match &*self.latest.borrow() {
            Some(latest) if latest.id() == id => Some(Rc::clone(latest)),
            _ => self.earlier(id),
        }
    }

    #[inline]
    fn take(&self, id: u32) -> Option<Rc<Stream<F>>> {
        let mut latest = self.latest.borrow_mut();
        if latest.as_ref().is_some_and(|latest| latest.id() == id) {
            return latest.take();
        }
        drop(latest);
        self.take_earlier(id)
    }

    #[cold]
    fn earlier(&self, id: u32) -> Option<Rc<Stream<F>>> {
        let buckets = self.earlier.borrow();
        buckets.get(bucket(id))?.iter().find(|stream| stream.id() == id).cloned()
    }

    #[cold]
    fn take_earlier(&self, id: u32) -> Option<Rc<Stream<F>>> {
        let mut buckets = self.earlier.borrow_mut();
        let bucket = buckets.get_mut(bucket(id))?;
        let place = bucket.iter().position(|stream| stream.id() == id)?;
        Some(bucket.swap_remove(place))
    }

    #[cold]
    fn keep(&self, stream: Rc<Stream<F>>) {
        if let Some(bucket) = self.earlier.borrow_mut().get_mut(bucket(stream.id())) {
            bucket.push(stream);
        }
    }

    /// A stream in the memory of the last one that ended, if that was of the same plugin and nobody
    /// refers to it any more.
    fn stream(&self, id: u32, root: u32) -> Option<Rc<Stream<F>>> {
        if let Some(mut spare) = self.spare.take()
            && let Some(stream) = Rc::get_mut(&mut spare)
            && stream.begin_again(id, root)
        {
            return Some(spare);
        }
        Some(Rc::new(Stream::new(id, self.plugin(root)?)))
    }
}

impl<F: HttpFilter> Streams for StreamTable<F> {
    fn add_root(&self, root: u32, slot: Rc<dyn Any>) {
        if let Ok(slot) = slot.downcast() {
            self.roots.borrow_mut().push((root, slot));
        }
    }

    fn remove_root(&self, root: u32) {
        self.roots.borrow_mut().retain(|(id, _)| *id != root);
    }

    fn create(&self, id: u32, root: u32) {
        if let Some(stream) = self.stream(id, root)
            && let Some(earlier) = self.latest.replace(Some(stream))
        {
            self.keep(earlier);
        }
    }

    fn on_request_headers(&self, id: u32) -> Action {
        match (self.find(id), F::FAILURE_MODE) {
            (Some(stream), _) => stream.on_request_headers(),
            // Of a plugin that was never configured, which Envoy does not serve.
            (None, FailureMode::Allow) => Action::Continue,
            (None, FailureMode::Deny) => Action::Pause,
        }
    }

    fn on_response_headers(&self, id: u32, end_of_stream: bool) -> Action {
        self.find(id).map_or(Action::Continue, |stream| stream.on_response_headers(end_of_stream))
    }

    fn on_response_body(&self, id: u32, size: usize, end_of_stream: bool) -> Action {
        self.find(id)
            .map_or(Action::Continue, |stream| stream.on_response_body(size, end_of_stream))
    }

    fn on_response_trailers(&self, id: u32) -> Action {
        self.find(id).map_or(Action::Continue, |stream| stream.on_response_trailers())
    }

    fn delete(&self, id: u32) -> bool {
        let Some(stream) = self.take(id) else { return false };
        stream.end();
        self.spare.set(Some(stream));
        true
    }
}

fn bucket(id: u32) -> usize {
    id as usize % BUCKETS
}
