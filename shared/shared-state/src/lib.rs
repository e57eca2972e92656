//! State that all workers of a process share, in the host's shared data.
//!
//! The host has neither a delete, nor a create-if-absent, nor an expiry: keys are few and fixed, and
//! what grows old is dropped inside their values.
//!
//! - [`update`]: one read-change-write, tried a bounded number of times.
//! - [`ErrorWindow`]: answers and failures among them, over a moving window.

mod error_window;
mod update;

pub use error_window::{ErrorWindow, Sums};
pub use update::{ABSENT, TRIES, Update, update};
