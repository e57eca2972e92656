//! The number that a request is judged by: random, or always the same for the same key.
//!
//! For a sticky draw the number is `xxh64(key, seed = xxh64(salt, seed = 0))`, all 64 bits. It
//! depends on nothing else: every worker, every hop, every version and platform of the filter draws
//! the same for the same key and salt, and different salts are independent. A share of p parts per
//! million takes the numbers n with `n * 1_000_000 >> 64 < p`: raising p only adds keys.

use attributes::Expression;
use filter_api::{ConfigError, Environment, RequestHead};
use std::rc::Rc;
use xxhash_rust::xxh64::xxh64;

/// Where the number of a key lies in the space of 64 bits.
#[must_use]
pub fn position(key: &[u8], salt: &str) -> u64 {
    Seed::of(salt).position(key)
}

/// A salt, hashed once: for a key that is known already, or judged by several salts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seed(u64);

impl Seed {
    /// The seed of `salt`.
    #[must_use]
    pub fn of(salt: &str) -> Self {
        Self(xxh64(salt.as_bytes(), 0))
    }

    /// The [`position`] of `key` for this salt.
    #[must_use]
    pub fn position(self, key: &[u8]) -> u64 {
        xxh64(key, self.0)
    }
}

/// Draws the number for a request.
#[derive(Clone, Debug, Default)]
pub struct Draw {
    /// Shared, as rules hand out copies with a smaller share.
    sticky: Option<Rc<Sticky>>,
}

#[derive(Debug)]
struct Sticky {
    key: Expression,
    seed: Seed,
}

impl Draw {
    /// Makes a draw from `key` and `salt` as they stand in the object at `path`. Without a key every
    /// draw is random.
    ///
    /// # Errors
    /// A key that is no attribute expression, or a salt without a key.
    pub fn from_wire(
        key: Option<&str>,
        salt: Option<&str>,
        default_salt: &str,
        path: &str,
    ) -> Result<Self, ConfigError> {
        let Some(key) = key else {
            return match salt {
                None => Ok(Self::default()),
                Some(_) => {
                    Err(ConfigError::new("salt", "means nothing without a key").within(path))
                }
            };
        };
        let key =
            Expression::parse(key).map_err(|why| ConfigError::new("key", why).within(path))?;
        let seed = Seed::of(salt.unwrap_or(default_salt));
        Ok(Self { sticky: Some(Rc::new(Sticky { key, seed })) })
    }

    /// 64 uniformly distributed bits: the key's [`position`], or random where the request does not
    /// have the key.
    pub fn position(&self, request: &RequestHead<'_>, env: &mut dyn Environment) -> u64 {
        self.sticky
            .as_deref()
            .and_then(|sticky| Some(sticky.seed.position(&sticky.key.evaluate(request, env)?)))
            .unwrap_or_else(|| env.random())
    }

    /// Whether the key reads the request's headers.
    #[must_use]
    pub fn needs_request_headers(&self) -> bool {
        self.sticky.as_ref().is_some_and(|sticky| sticky.key.needs_request_headers())
    }
}
