//! The host's behaviour, each rule of it by a small module written for the case.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test fails by panicking; the helpers here are not recognised as test code"
)]

mod callouts;
mod deaths;
mod faults;
mod guest;
mod lifecycle;
mod load;
mod replies;
mod sharing;
mod streams;
mod timers;
