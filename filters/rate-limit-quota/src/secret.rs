//! The process's secret, and what follows from it.

use crate::hash::{Digest, PartsHash, Secret};
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
    quotas: Vec<QuotaKeys>,
}

/// What the hashes of one quota's keys begin with.
#[derive(Clone, Copy, Debug)]
pub(crate) struct QuotaKeys {
    /// What its state is known by.
    pub(crate) identity: Digest,
    /// The names of its dimensions; their values follow.
    pub(crate) names: PartsHash,
}

impl Keys {
    /// Reads the secret that the first worker drew; draws it if there is none. `None` where shared data
    /// cannot be written.
    pub(crate) fn read(
        quotas: impl FnOnce(Secret) -> Vec<QuotaKeys>,
        env: &mut dyn Environment,
    ) -> Option<Self> {
        let secret = secret(env)?;
        Some(Self { secret, quotas: quotas(secret) })
    }

    /// Those of a quota.
    pub(crate) fn of(&self, quota: usize) -> Option<&QuotaKeys> {
        self.quotas.get(quota)
    }
}

impl QuotaKeys {
    /// The record of a key, and of those for which there is no room.
    pub(crate) fn records(&self, key: Digest) -> (Digest, Digest) {
        (self.identity.and(key), self.identity.and(OVERFLOW))
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
