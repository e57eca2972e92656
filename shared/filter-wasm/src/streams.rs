//! The streams of a VM, by the host's id.
//!
//! The SDK has a dispatcher of its own for streams. It costs a thousand instructions per request,
//! two allocations, and panics on an id that it does not know; so streams are found here, and the
//! SDK keeps what it is good for: root contexts, the ABI's version.

use crate::hostcalls::{self, Status};
use crate::root::Plugin;
use crate::stream::Stream;
use filter_api::{Callbacks, FailureMode, HttpFilter};
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
    /// Roots that the host has given up without a word; `current` is the context of the callback.
    fn gone_roots(&self, current: u32) -> Vec<u32>;
}

const BUCKETS: usize = 1024;
/// Where the ends of streams are not told: so many more than the last time were alive, and the table
/// is looked through for those that are not.
const SWEEP_AFTER: usize = 256;

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
    /// How many streams are kept in `earlier`, and from how many on it is swept.
    kept: Cell<usize>,
    sweep_at: Cell<usize>,
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
        kept: Cell::new(0),
        sweep_at: Cell::new(SWEEP_AFTER),
    };
    STREAMS.set(Some(Box::leak(Box::new(table))));
}

impl<F: HttpFilter> StreamTable<F> {
    /// Whether the host tells the ends of streams (see [`Callbacks::STREAM_END`]). If not, a stream is
    /// kept only while a further callback of it has something to do.
    const ENDS_ARE_TOLD: bool = F::CALLBACKS.contains(Callbacks::STREAM_END);

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
        self.kept.set(self.kept.get().saturating_sub(1));
        Some(bucket.swap_remove(place))
    }

    #[cold]
    fn keep(&self, stream: Rc<Stream<F>>) {
        if let Some(bucket) = self.earlier.borrow_mut().get_mut(bucket(stream.id())) {
            bucket.push(stream);
            self.kept.set(self.kept.get() + 1);
        }
    }

    /// Forgets streams that are over although no callback said so: reset before they were answered.
    #[cold]
    fn sweep(&self, current: u32) {
        let mut gone = Vec::new();
        for bucket in self.earlier.borrow_mut().iter_mut() {
            gone.extend(bucket.extract_if(.., |stream| is_gone(stream.id())));
        }
        turn_back_to(current);
        let kept = self.kept.get().saturating_sub(gone.len());
        self.kept.set(kept);
        self.sweep_at.set(kept * 2 + SWEEP_AFTER);
        gone.iter().for_each(|stream| stream.end());
    }

    /// Forgets a stream of which no further callback has anything to do.
    #[inline]
    fn forget_idle(&self, stream: &Stream<F>) {
        if !Self::ENDS_ARE_TOLD && !stream.is_attentive() {
            self.delete(stream.id());
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
        if !Self::ENDS_ARE_TOLD && self.kept.get() >= self.sweep_at.get() {
            self.sweep(id);
        }
        if let Some(stream) = self.stream(id, root)
            && let Some(earlier) = self.latest.replace(Some(stream))
        {
            self.keep(earlier);
        }
    }

    fn on_request_headers(&self, id: u32) -> Action {
        match (self.find(id), F::FAILURE_MODE) {
            (Some(stream), _) => {
                let action = stream.on_request_headers();
                self.forget_idle(&stream);
                action
            }
            // Of a plugin that was never configured, which Envoy does not serve.
            (None, FailureMode::Allow) => Action::Continue,
            (None, FailureMode::Deny) => Action::Pause,
        }
    }

    fn on_response_headers(&self, id: u32, end_of_stream: bool) -> Action {
        self.find(id).map_or(Action::Continue, |stream| {
            let action = stream.on_response_headers(end_of_stream);
            self.forget_idle(&stream);
            action
        })
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

    fn gone_roots(&self, current: u32) -> Vec<u32> {
        if Self::ENDS_ARE_TOLD {
            return Vec::new();
        }
        let mut roots: Vec<u32> = self.roots.borrow().iter().map(|(id, _)| *id).collect();
        roots.retain(|id| is_gone(*id));
        turn_back_to(current);
        roots
    }
}

/// Whether the host knows the context no more. It turns to it otherwise: see [`turn_back_to`].
fn is_gone(context: u32) -> bool {
    hostcalls::set_effective_context(context) == Err(Status::BAD_ARGUMENT)
}

/// Has the host calls of this callback act on its own context again.
fn turn_back_to(current: u32) {
    // A host that refuses its own context has ended it: no call acts on anything then.
    let _refused = hostcalls::set_effective_context(current);
}

fn bucket(id: u32) -> usize {
    id as usize % BUCKETS
}
