//! Clients that send exactly what they are told and say exactly what came back.

mod h1;
mod h2c;

pub use h1::Client;
pub use h2c::H2Client;
