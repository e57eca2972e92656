//! Value types of the configuration, in the spelling that Istio's YAML and protobuf's JSON have.

mod duration;
mod empty_object;
mod map;
mod number;
mod text;
mod timestamp;

pub use duration::Duration;
pub use empty_object::EmptyObject;
pub use map::Map;
pub(crate) use number::whole;
pub use number::{Decimal, UInt};
pub use timestamp::Timestamp;
