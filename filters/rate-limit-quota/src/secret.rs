//! The process's secret, and what follows from it.

use crate::hash::{Digest, Secret};
use crate::key::KeyText;
use filter_api::{Environment, SharedDataError};
use shared_state::ABSENT;

#[cfg(test)]
mod tests;

const KEY: &str = "secret";
const TRIES: u32 = 4;

/// The record that keys share for which there is no room.
const OVERFLOW: Digest = Digest([0x6f76_6572_666c_6f77, 0]);

/// What the hashes of this process are made with.
#[derive(Clone, Debug)]
pub(crate) struct Keys {
    pub(crate) secret: Secret,
    /// Of each quota, in their order.
    identities: Vec<Digest>,
}

impl Keys {
    /// Reads the secret that the first worker drew; draws it if there is none. `None` where shared data
    /// cannot be written.
    pub(crate) fn read<'k>(
        identities: impl Iterator<Item = &'k KeyText>,
        env: &mut dyn Environment,
    ) -> Option<Self> {
        let secret = secret(env)?;
        let identities = identities.map(|identity| identity.digest(secret)).collect();
        Some(Self { secret, identities })
    }

    /// The record of a key of a quota, and of those for which there is no room.
    pub(crate) fn records(&self, quota: usize, key: Digest) -> (Digest, Digest) {
        let identity = self.identities.get(quota).copied().unwrap_or_default();
        (identity.and(key), identity.and(OVERFLOW))
    }
}

fn secret(env: &mut dyn Environment) -> Option<Secret> {
    for _ in 0..TRIES {
        if let Some((bytes, _)) = env.shared_data(KEY)
            && let Ok(bytes) = <[u8; 16]>::try_from(bytes)
        {
            let both = u128::from_le_bytes(bytes);
            return Some(Secret([both as u64, (both >> 64) as u64]));
        }
        let drawn = Digest([env.random(), env.random()]);
        match env.set_shared_data(KEY, &drawn.bytes(), ABSENT) {
            Ok(()) => return Some(Secret(drawn.0)),
            Err(SharedDataError::CasMismatch) => {}
            Err(SharedDataError::Host) => return None,
        }
    }
    None
}
