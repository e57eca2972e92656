use super::*;
use crate::config;
use crate::settings::parse_split;
use filter_api::{HeaderPairs, encode_pairs};
use filter_testing::SimEnvironment;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: UnixTime = UnixTime(1_767_225_600_000_000_000);

fn split(json: &str) -> Split {
    let wire: config::Split = filter_config::load(json.as_bytes()).unwrap();
    parse_split(&wire, "r").unwrap()
}

/// The lots of `count` users, each known by a header.
fn lots(split: &Split, count: u32, env: &mut SimEnvironment) -> Vec<Lot> {
    (0..count)
        .map(|user| {
            let user = format!("user-{user}");
            let user = User { key: Cow::Owned(user.into_bytes()), known_by: KnownBy::Key };
            split.lot(&user, split.seed.position(&user.key), NOW, env)
        })
        .collect()
}

fn with_request<T>(headers: &[(&str, &str)], look: impl FnOnce(&RequestHead<'_>) -> T) -> T {
    let bytes = encode_pairs(headers.iter().copied());
    look(&RequestHead::new(HeaderPairs::parse(&bytes)))
}

const TWO: &str = r#""variants": [{"name": "v1", "weight": 1}, {"name": "v2", "weight": 1}]"#;

#[test]
fn a_user_is_known_by_the_key_then_by_the_cookie() {
    let split =
        split(&format!(r#"{{"key": "request.headers[u]", "cookie": {{"name": "c"}}, {TWO}}}"#));
    let mut env = SimEnvironment::seeded(1);
    let cookie = ("cookie", "c=0000000000000001");
    with_request(&[("u", "jason"), cookie], |request| {
        let user = split.known_user(request, &mut env).unwrap();
        assert_eq!((&*user.key, user.known_by), (&b"jason"[..], KnownBy::Key));
    });
    with_request(&[("u", ""), cookie], |request| {
        let user = split.known_user(request, &mut env).unwrap();
        assert_eq!((&*user.key, user.known_by), (&b""[..], KnownBy::Key), "empty is present");
    });
    with_request(&[cookie], |request| {
        let user = split.known_user(request, &mut env).unwrap();
        assert_eq!(&*user.key, b"0000000000000001");
        assert_eq!(user.known_by, KnownBy::Cookie(Id::new(1)));
    });
    with_request(&[("cookie", "c=forged")], |request| {
        assert_eq!(split.known_user(request, &mut env), None);
    });
    let new = split.new_user(NOW, &mut env);
    assert!(matches!(new.known_by, KnownBy::New(id) if id.digits[..] == *new.key));
}

#[test]
fn nobody_is_in_two_parts_of_a_layer_and_parts_are_as_great_as_they_say() {
    let part = |from, to| {
        let layer = format!(r#""layer": {{"name": "l", "from": {from}, "to": {to}}}"#);
        split(&format!(r#"{{"key": "request.headers[u]", {layer}, {TWO}}}"#))
    };
    let mut env = SimEnvironment::seeded(1);
    let parts = [part(0, 30), part(30, 40), part(40, 100)];
    let lots: Vec<Vec<Lot>> = parts.iter().map(|part| lots(part, 5000, &mut env)).collect();
    let mut counts = [0; 3];
    for ((first, second), third) in lots[0].iter().zip(&lots[1]).zip(&lots[2]) {
        let of_user = [first, second, third];
        let inside: Vec<usize> =
            (0..3).filter(|part| *of_user[*part] != Lot::OutsideLayer).collect();
        assert_eq!(inside.len(), 1, "{of_user:?}");
        counts[inside[0]] += 1;
    }
    // 99.9 % bounds of 30, 10 and 60 percent of 5000.
    for (count, (mean, slack)) in counts.into_iter().zip([(1500, 107), (500, 70), (3000, 114)]) {
        assert!((mean - slack..=mean + slack).contains(&count), "{counts:?}");
    }
}

#[test]
fn the_same_users_are_held_out_of_all_rules_with_one_salt() {
    let held = |salt: &str, rule_salt: &str| {
        let holdout = format!(r#""holdout": {{"value": 10, "salt": "{salt}"}}"#);
        let split = split(&format!(
            r#"{{"key": "request.headers[u]", "salt": "{rule_salt}", {holdout}, {TWO}}}"#
        ));
        lots(&split, 5000, &mut SimEnvironment::seeded(1))
            .iter()
            .map(|lot| *lot == Lot::HeldOut)
            .collect::<Vec<_>>()
    };
    let (one, two, other) = (held("q4", "a"), held("q4", "b"), held("q1", "a"));
    assert_eq!(one, two);
    assert_ne!(one, other);
    let count = one.iter().filter(|held| **held).count();
    assert!((430..=570).contains(&count), "{count} of 5000");
}

#[test]
fn salts_are_independent_and_the_same_salt_chooses_alike() {
    let with = |salt: &str| {
        let split = split(&format!(r#"{{"key": "request.headers[u]", "salt": "{salt}", {TWO}}}"#));
        lots(&split, 4000, &mut SimEnvironment::seeded(1))
    };
    let (a, again, b) = (with("a"), with("a"), with("b"));
    assert_eq!(a, again);
    let same = a.iter().zip(&b).filter(|(a, b)| a == b).count();
    assert!((1896..=2104).contains(&same), "{same} of 4000 alike");
}

#[test]
fn lists_come_before_everything_and_concern_the_key_alone() {
    let split = split(&format!(
        r#"{{"key": "request.headers[u]", "cookie": {{"name": "c"}}, "holdout": {{"value": 100}},
            "overrides": [{{"variant": "v2", "values": ["jason", "0000000000000001"]}}], {TWO}}}"#
    ));
    let mut env = SimEnvironment::seeded(1);
    let mut lot = |key: &[u8], known_by| {
        let user = User { key: Cow::Borrowed(key), known_by };
        split.lot(&user, split.seed.position(key), NOW, &mut env)
    };
    assert_eq!(lot(b"jason", KnownBy::Key), Lot::Overridden(1));
    assert_eq!(lot(b"kate", KnownBy::Key), Lot::HeldOut);
    // A cookie is what its sender makes of it, and is not on the list.
    assert_eq!(lot(b"0000000000000001", KnownBy::Cookie(Id::new(1))), Lot::HeldOut);
}

#[test]
fn a_failing_variant_takes_nobody_new_and_keeps_or_drains_the_others() {
    for drain in [false, true] {
        let split = split(&format!(
            r#"{{"key": "request.headers[u]", "cookie": {{"name": "c"}}, {TWO},
                "protect": {{"errorRatioExcess": 0.5, "window": "10s", "minRequests": 4, "drain": {drain}}}}}"#
        ));
        let mut env = SimEnvironment::seeded(1);
        let protection = split.protection.as_ref().unwrap();
        for variant in [0, 1, 1, 1, 1] {
            protection.observe(variant, variant == 1, &mut env);
        }
        let all = lots(&split, 200, &mut env);
        assert!(all.iter().all(|lot| matches!(lot, Lot::Variant(0) | Lot::Diverted(0))), "by key");
        for _ in 0..200 {
            let user = split.new_user(NOW, &mut env);
            let lot = split.lot(&user, split.seed.position(&user.key), NOW, &mut env);
            assert_eq!(lot, Lot::Variant(0), "a new number is of the sound variant");
        }
        let known = (0..200).map(Id::new).map(|id| {
            let user = User::of(id, KnownBy::Cookie(id));
            split.lot(&user, split.seed.position(&user.key), NOW, &mut env)
        });
        let stayed = known.filter(|lot| *lot == Lot::Variant(1)).count();
        assert_eq!(stayed > 60, !drain, "{stayed} of 200 stayed");
    }
}
