use super::*;
use filter_api::{HeaderPairs, encode_pairs};
use filter_testing::SimEnvironment;
use std::collections::HashSet;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const ID: &[u8] = b"9a1f6a3e-3d0e-4d0c-8d2f-0f1d2c3b4a59";

#[test]
fn ids_are_random_and_never_zero_nor_twice_the_same() {
    let mut env = SimEnvironment::seeded(1);
    let mut seen = HashSet::new();
    for _ in 0..10_000 {
        let context = context(Generate::IfMissing, Some(ID), false, &mut env).unwrap();
        assert!(context.is_random && context.span_id != 0 && context.trace_id.low != 0);
        assert!(seen.insert((context.trace_id.high, context.trace_id.low)));
        assert!(seen.insert((0, context.span_id)));
    }
    assert_eq!(context(Generate::Never, Some(ID), false, &mut env), None);
}

#[test]
fn of_a_request_id_every_hop_makes_the_same_whatever_envoy_made_of_its_version() {
    let mut contexts = Vec::new();
    for (seed, version) in [(1, b'4'), (2, b'9'), (3, b'a'), (4, b'B')] {
        let mut id = ID.to_vec();
        id[UUID_VERSION] = version;
        let mut env = SimEnvironment::seeded(seed);
        contexts.push(context(Generate::FromRequestId, Some(&id), false, &mut env).unwrap());
        assert_eq!(env.asked.randoms, 0);
    }
    assert!(contexts.windows(2).all(|pair| pair[0] == pair[1]), "{contexts:?}");
    let expected = TraceId { high: 0x9a1f_6a3e_3d0e_4d0c, low: 0x8d2f_0f1d_2c3b_4a59 };
    assert_eq!(contexts[0].trace_id, expected);
}

#[test]
fn a_request_id_that_is_no_uuid_gets_random_ids() {
    for id in [
        &b""[..],
        b"abc",
        b"9a1f6a3e-3d0e-4d0c-8d2f-0f1d2c3b4a5",
        b"\xff",
        b"9a1f6a3e-3d0e-4d0c-0000-000000000000",
    ] {
        let mut env = SimEnvironment::seeded(1);
        assert!(context(Generate::FromRequestId, Some(id), false, &mut env).is_some());
        assert_eq!(env.asked.randoms, 3, "{id:?}");
    }
    let mut env = SimEnvironment::seeded(1);
    assert!(context(Generate::FromRequestId, None, false, &mut env).is_some());
}

#[test]
fn a_share_decides_by_the_trace_id_and_a_greater_one_contains_a_smaller() {
    let bytes = encode_pairs([(":path", "/")]);
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    let sampler = |parts| Sampler {
        matches: MatchTable::default(),
        shares: Vec::new(),
        share: FractionalPercent::from_parts_per_million(parts),
    };
    let (tenth, half) = (sampler(100_000), sampler(500_000));
    let mut env = SimEnvironment::seeded(5);
    let mut kept = 0;
    for _ in 0..20_000 {
        let id = random_trace_id(false, &mut env);
        let decisions = [&tenth, &half].map(|sampler| sampler.decide(id, &request).is_sampled());
        assert!(!decisions[0] || decisions[1]);
        assert_eq!(tenth.decide(TraceId { high: 0, ..id }, &request).is_sampled(), decisions[0]);
        kept += u32::from(decisions[0]);
    }
    // 99.9 % bounds of a binomial with 20,000 trials and 10 %.
    assert!((1860..=2140).contains(&kept), "{kept}");
    assert_eq!(sampler(0).decide(TraceId { high: 1, low: u64::MAX }, &request), Decision::Drop);
    assert_eq!(sampler(1_000_000).decide(TraceId { high: 1, low: 0 }, &request), Decision::Keep);
}

#[test]
fn as_in_opentelemetry_the_greatest_56_bits_are_recorded() {
    let bytes = encode_pairs([(":path", "/")]);
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    let half = Sampler {
        matches: MatchTable::default(),
        shares: Vec::new(),
        share: FractionalPercent::from_parts_per_million(500_000),
    };
    for (low, decision) in [
        (0x0080_0000_0000_0000, Decision::Keep),
        (0x007f_ffff_ffff_ffff, Decision::Drop),
        (0xff80_0000_0000_0000, Decision::Keep),
        (0xff00_0000_0000_0000, Decision::Drop),
    ] {
        assert_eq!(half.decide(TraceId { high: 0, low }, &request), decision, "{low:x}");
    }
}

#[test]
fn where_x_ray_wants_it_a_random_trace_id_begins_with_the_time() {
    let mut env = SimEnvironment::seeded(1);
    env.set_unix_time(filter_api::UnixTime(1_790_000_000_999_999_999));
    for mode in [Generate::IfMissing, Generate::FromRequestId] {
        let [one, other] = [(); 2].map(|()| context(mode, None, true, &mut env).unwrap());
        for context in [one, other] {
            assert_eq!(context.trace_id.high >> 32, 1_790_000_000);
            assert!(context.is_random);
        }
        assert_ne!(one.trace_id.high & 0xffff_ffff, other.trace_id.high & 0xffff_ffff);
        assert_ne!(one.trace_id.low, other.trace_id.low);
    }
    // One that follows from a request id follows from nothing else.
    let given = context(Generate::FromRequestId, Some(ID), true, &mut env).unwrap();
    assert_eq!(given, context(Generate::FromRequestId, Some(ID), false, &mut env).unwrap());
}
