use super::*;
use filter_api::Cas;
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

#[test]
fn every_worker_has_the_secret_of_the_first_and_every_process_its_own() {
    let mut env = SimEnvironment::seeded(1);
    let first = secret(&mut env).unwrap();
    assert_eq!(secret(&mut env), Some(first));
    assert_ne!(secret(&mut SimEnvironment::seeded(2)), Some(first));
    assert_ne!(first, Secret([0, 0]));
}

#[test]
fn a_worker_that_was_overtaken_takes_the_others() {
    let mut env = SimEnvironment::seeded(1);
    env.conflicts = 3;
    assert!(secret(&mut env).is_some());
    env = SimEnvironment::seeded(1);
    env.shared_data_fails = true;
    assert_eq!(secret(&mut env), None);
}

/// Somebody else's value is no secret, and is not written over.
#[test]
fn a_value_of_another_length_is_none() {
    let mut env = SimEnvironment::seeded(1);
    env.set_shared_data(KEY, b"short", Cas(0)).unwrap();
    assert_eq!(secret(&mut env), None);
    assert_eq!(env.shared_data(KEY).unwrap().0, b"short");
}

#[test]
fn quotas_with_the_same_key_have_records_of_their_own() {
    let mut env = SimEnvironment::seeded(1);
    let quotas = |secret: Secret| {
        let names = PartsHash::new(secret);
        [b"a", b"b"].map(|name| QuotaKeys { identity: secret.digest(name), names }).to_vec()
    };
    let keys = Keys::read(quotas, &mut env).unwrap();
    let key = Secret([1, 2]).digest(b"key");
    let [(a, a_full), (b, b_full)] = [0, 1].map(|quota| keys.of(quota).unwrap().records(key));
    let records = [a, a_full, b, b_full];
    for (index, record) in records.iter().enumerate() {
        assert!(!records[..index].contains(record));
    }
}
