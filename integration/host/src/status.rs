//! `proxy_status_t` of proxy-wasm ABI 0.2.1.

/// What a host call answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u32)]
pub enum Status {
    /// Done.
    Ok = 0,
    /// The item does not exist.
    NotFound = 1,
    /// An argument is out of range, or the item is not available in this phase.
    BadArgument = 2,
    /// The value could not be serialised.
    SerializationFailure = 3,
    /// The value could not be parsed.
    ParseFailure = 4,
    /// A CEL expression could not be evaluated.
    BadExpression = 5,
    /// A pointer or length lies outside the module's memory.
    InvalidMemoryAccess = 6,
    /// A queue holds nothing.
    Empty = 7,
    /// Shared data changed since it was read.
    CasMismatch = 8,
    /// The result has another type than asked for.
    ResultMismatch = 9,
    /// The host failed.
    InternalFailure = 10,
    /// A connection broke.
    BrokenConnection = 11,
    /// The host does not implement the call.
    Unimplemented = 12,
}

impl Status {
    /// Every status but [`Status::Ok`], in numeric order: what a hostile host may answer.
    pub const ERRORS: [Self; 12] = [
        Self::NotFound,
        Self::BadArgument,
        Self::SerializationFailure,
        Self::ParseFailure,
        Self::BadExpression,
        Self::InvalidMemoryAccess,
        Self::Empty,
        Self::CasMismatch,
        Self::ResultMismatch,
        Self::InternalFailure,
        Self::BrokenConnection,
        Self::Unimplemented,
    ];
}

impl From<Status> for u32 {
    fn from(status: Status) -> Self {
        status as Self
    }
}
