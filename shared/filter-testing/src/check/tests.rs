use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn expect(yaml: &str) -> Expect {
    serde_yaml_ng::from_str(yaml).unwrap()
}

fn observed() -> Observed {
    Observed {
        status: Some(503),
        headers: vec![(b"x-a".to_vec(), b"1".to_vec()), (b"x-a".to_vec(), b"2".to_vec())],
        body: b"fault".to_vec(),
        elapsed: Duration::from_millis(100),
        ..Observed::default()
    }
}

#[test]
fn what_is_not_expected_is_not_checked() {
    assert_eq!(check(&Expect::default(), &observed(), Tolerance::default()), Ok(()));
}

#[test]
fn every_difference_is_told_in_one_line() {
    let expect = expect(
        "{status: 200, body: up, reset: true, headers: {x-a: '1'}, absent_headers: [x-a], delay_ms: 101}",
    );
    let wrong = check(&expect, &observed(), Tolerance::default()).unwrap_err();
    assert_eq!(wrong.split("; ").count(), 6, "{wrong}");
    assert!(wrong.contains("status is Some(503), expected Some(200)"), "{wrong}");
}

#[test]
fn a_clock_may_be_off_by_its_tolerance() {
    let late = Tolerance { late: Duration::from_millis(5), ..Tolerance::default() };
    let early = Tolerance { early: Duration::from_millis(5), ..Tolerance::default() };
    for (millis, tolerance, holds) in
        [(95, late, true), (94, late, false), (105, early, true), (106, early, false)]
    {
        let expect = expect(&format!("{{delay_ms: {millis}}}"));
        assert_eq!(check(&expect, &observed(), tolerance).is_ok(), holds, "{millis}");
    }
}

fn share_of(hits: usize) -> Result<(), String> {
    let untouched = Observed {
        status: Some(200),
        body: b"upstream".to_vec(),
        upstream_called: true,
        ..Observed::default()
    };
    let mut all = vec![observed(); hits];
    all.resize(1000, untouched);
    let expect = expect("{status: 503, share: {of: 1000, percent: 50}}");
    let share = expect.share.unwrap();
    check_share(&expect, share, &Upstream::default(), &all, Tolerance::default())
}

#[test]
fn a_share_lies_within_its_binomial_bounds() {
    // 500 ± (3.29 × 15.8 + 1)
    for (hits, holds) in [(446, false), (447, true), (500, true), (553, true), (554, false)] {
        assert_eq!(share_of(hits).is_ok(), holds, "{hits}");
    }
}

#[test]
fn a_request_that_is_neither_hit_nor_untouched_is_no_share() {
    let expect = expect("{status: 500, share: {of: 1, percent: 100}}");
    let share = expect.share.unwrap();
    let result =
        check_share(&expect, share, &Upstream::default(), &[observed()], Tolerance::default());
    assert!(result.unwrap_err().contains("neither"));
}

#[test]
fn a_counter_that_nobody_expects_is_zero() {
    let expected = BTreeMap::from([("a".to_owned(), Bounds::Between { min: 1, max: 2 })]);
    let found = |a: u64, b: u64| {
        let all = [("a".to_owned(), a), ("b".to_owned(), b)];
        check_counters(&expected, &all.into_iter().filter(|(_, value)| *value != 0).collect())
    };
    assert_eq!(found(2, 0), Ok(()));
    assert!(found(0, 0).is_err() && found(3, 0).is_err() && found(1, 1).is_err());
}
