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
//! | [`Docker`] | the system's packages `docker.io`, `docker-compose`, `iptables` | root |
//!
//! All listen on loopback, on ports that were free, and end with their owner. [`Root`] makes images of what a
//! machine has, where it can pull none.

mod docker;
mod image;
mod prometheus;
mod rate_limit;
mod redis;
mod server;
mod tools;
mod zipkin;

pub use docker::Docker;
pub use image::Root;
pub use prometheus::{Prometheus, query};
pub use rate_limit::RateLimit;
pub use redis::Redis;
pub use tools::{Missing, available};
pub use zipkin::Zipkin;
