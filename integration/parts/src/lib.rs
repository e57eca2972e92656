//! The real servers that some tests need beside Envoy.
//!
//! A machine may lack any of them. [`available`] then prints how to get it and the test is skipped,
//! loudly; where `CI` is set, a missing part is an error: nothing goes unchecked there.
//!
//! | part | comes by | needs |
//! |---|---|---|
//! | [`Redis`] | the system's package `redis-server` | |
//! | [`RateLimit`] | `go install`, once, into the cache | Go |
//! | [`Zipkin`] | `mvn dependency:copy`, once, into the cache | Java 17, Maven |
//! | [`Prometheus`] | the system's package `prometheus` | |
//!
//! All listen on loopback, on ports that were free, and end with their owner.

mod prometheus;
mod rate_limit;
mod redis;
mod server;
mod tools;
mod zipkin;

pub use prometheus::Prometheus;
pub use rate_limit::RateLimit;
pub use redis::Redis;
pub use tools::{Missing, available};
pub use zipkin::Zipkin;
