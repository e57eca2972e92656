//! Shared data exactly as Envoy's `SharedData`: one map, one compare-and-swap counter, no delete.

use std::collections::BTreeMap;

use crate::status::Status;

/// VM id and key.
type Place = (Vec<u8>, Vec<u8>);

#[derive(Default)]
pub(crate) struct SharedData {
    values: BTreeMap<Place, (Vec<u8>, u32)>,
    last_cas: u32,
}

impl SharedData {
    /// The value and the number to compare with when writing it back.
    pub(crate) fn get(&self, vm_id: &[u8], key: &[u8]) -> Option<&(Vec<u8>, u32)> {
        self.values.get(&(vm_id.to_vec(), key.to_vec()))
    }

    /// Writes a value. `cas` 0 writes always; a missing key is created whatever `cas` says.
    pub(crate) fn set(
        &mut self,
        vm_id: &[u8],
        key: &[u8],
        value: Vec<u8>,
        cas: u32,
    ) -> Result<(), Status> {
        let place = (vm_id.to_vec(), key.to_vec());
        if let Some((_, current)) = self.values.get(&place)
            && cas != 0
            && cas != *current
        {
            return Err(Status::CasMismatch);
        }
        // 0 means "no comparison", so the counter never takes it.
        self.last_cas = self.last_cas.checked_add(1).unwrap_or(1);
        self.values.insert(place, (value, self.last_cas));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_key_is_created_whatever_the_cas() {
        let mut data = SharedData::default();
        assert_eq!(data.set(b"vm", b"k", b"v".to_vec(), 77), Ok(()));
        assert_eq!(data.get(b"vm", b"k"), Some(&(b"v".to_vec(), 1)));
        assert_eq!(data.get(b"other", b"k"), None);
    }

    #[test]
    fn a_stale_cas_changes_nothing_and_zero_always_writes() {
        let mut data = SharedData::default();
        data.set(b"", b"k", b"1".to_vec(), 0).expect("a new key");
        data.set(b"", b"other", b"x".to_vec(), 0).expect("a new key");
        assert_eq!(data.set(b"", b"k", b"2".to_vec(), 2), Err(Status::CasMismatch));
        assert_eq!(data.set(b"", b"k", b"2".to_vec(), 1), Ok(()));
        assert_eq!(data.get(b"", b"k"), Some(&(b"2".to_vec(), 3)));
        assert_eq!(data.set(b"", b"k", b"3".to_vec(), 0), Ok(()));
    }
}
