//! What is taken from others: where it comes from, under which licence, and how much of it ends up
//! in the data plane.

mod licences;
mod modules;
mod sources;
