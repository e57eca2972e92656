//! Shared queues: first in, first out, named within a VM id.

use std::collections::{BTreeMap, VecDeque};

use crate::status::Status;

/// A message waits: the root context that registered the queue last is to be told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Notification {
    pub(crate) vm: usize,
    pub(crate) root: u32,
    pub(crate) token: u32,
}

struct Queue {
    owner: (usize, u32),
    items: VecDeque<Vec<u8>>,
}

#[derive(Default)]
pub(crate) struct Queues {
    tokens: BTreeMap<(Vec<u8>, Vec<u8>), u32>,
    queues: BTreeMap<u32, Queue>,
}

impl Queues {
    /// The token of the named queue, created if need be. The caller becomes the one that is notified; items stay.
    pub(crate) fn register(&mut self, vm_id: &[u8], name: &[u8], vm: usize, root: u32) -> u32 {
        let next = u32::try_from(self.tokens.len() + 1).unwrap_or(u32::MAX);
        let token = *self.tokens.entry((vm_id.to_vec(), name.to_vec())).or_insert(next);
        let queue = self
            .queues
            .entry(token)
            .or_insert_with(|| Queue { owner: (vm, root), items: VecDeque::new() });
        queue.owner = (vm, root);
        token
    }

    /// The token of a queue that exists.
    pub(crate) fn resolve(&self, vm_id: &[u8], name: &[u8]) -> Result<u32, Status> {
        self.tokens.get(&(vm_id.to_vec(), name.to_vec())).copied().ok_or(Status::NotFound)
    }

    /// Appends an item and says whom to notify.
    pub(crate) fn enqueue(&mut self, token: u32, item: Vec<u8>) -> Result<Notification, Status> {
        let queue = self.queues.get_mut(&token).ok_or(Status::NotFound)?;
        queue.items.push_back(item);
        Ok(Notification { vm: queue.owner.0, root: queue.owner.1, token })
    }

    /// Takes the oldest item.
    pub(crate) fn dequeue(&mut self, token: u32) -> Result<Vec<u8>, Status> {
        self.queues.get_mut(&token).ok_or(Status::NotFound)?.items.pop_front().ok_or(Status::Empty)
    }
}
