use super::*;
use filter_api::{HeaderPairs, encode_pairs};
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

const NOW: UnixTime = UnixTime(1000 * NANOS);
const SECRET: &str = "0123456789abcdef";

fn header(secrets: &[&str]) -> OverrideHeader {
    let secrets = secrets.iter().map(|secret| serde_json::from_value((*secret).into()).unwrap());
    OverrideHeader { name: HeaderName::new("x-o").unwrap(), secrets: secrets.collect() }
}

fn signed(text: &str, secret: &str) -> String {
    let digits: String = HMAC::mac(text, secret).iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{text};sig={digits}")
}

/// What the variant of the rule `canary` is.
fn chosen(values: &[&[u8]], now: UnixTime) -> Option<Option<Vec<u8>>> {
    let bytes = encode_pairs(values.iter().map(|value| (&b"x-o"[..], *value)).collect::<Vec<_>>());
    let request = RequestHead::new(HeaderPairs::parse(&bytes));
    match header(&["another secret!!", SECRET]).read(&request, || now) {
        Chosen::Rejected => None,
        chosen => Some(chosen.variant("canary").map(<[u8]>::to_vec)),
    }
}

/// RFC 4231, test case 2.
#[test]
fn the_signature_is_hmac_sha256() {
    let signed = signed("what do ya want for nothing?", "Jefe");
    let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
    assert!(signed.ends_with(expected), "{signed}");
}

#[test]
fn a_choice_holds_until_it_expires() {
    let value = signed("banner=on,canary=v2;exp=1001", SECRET);
    let other = signed("canary=v3;exp=1001", "another secret!!");
    let v2 = Some(Some(b"v2".to_vec()));
    assert_eq!(chosen(&[value.as_bytes()], NOW), v2);
    assert_eq!(chosen(&[other.as_bytes()], NOW), Some(Some(b"v3".to_vec())));
    assert_eq!(chosen(&[b"x", value.as_bytes()], NOW), v2);
    assert_eq!(chosen(&[value.as_bytes()], UnixTime(1001 * NANOS)), None, "expired");
    assert_eq!(chosen(&[value.as_bytes()], UnixTime(0)), None, "no clock");
    assert_eq!(chosen(&[], NOW), Some(None), "no header");
    let elsewhere = signed("canaryx=v2,x=canary;exp=1001", SECRET);
    assert_eq!(chosen(&[elsewhere.as_bytes()], NOW), Some(None), "another rule");
}

#[test]
fn every_change_of_a_signed_value_is_noticed() {
    let value = signed("canary=v2;exp=1001", SECRET).into_bytes();
    for index in 0..value.len() {
        for bit in 0..8 {
            let mut forged = value.clone();
            forged[index] ^= 1 << bit;
            assert_eq!(chosen(&[&forged], NOW), None, "{}", String::from_utf8_lossy(&forged));
        }
        assert_eq!(chosen(&[&value[..index]], NOW), None, "cut at {index}");
    }
}

#[test]
fn what_nobody_signed_is_rejected() {
    let forged = signed("canary=v2;exp=1001", "a secret of others");
    let without_expiry = signed("canary=v2", SECRET);
    let no_number = signed("canary=v2;exp=-1", SECRET);
    let too_great = signed("canary=v2;exp=99999999999999999999", SECRET);
    let long = signed(&format!("canary={};exp=1001", "v".repeat(1000)), SECRET);
    for value in [&forged, &without_expiry, &no_number, &too_great, &long, "", ";exp=1;sig="] {
        assert_eq!(chosen(&[value.as_bytes()], NOW), None, "{value}");
    }
    let valid = signed("canary=v2;exp=1001", SECRET);
    let after: &[&[u8]] = &[b"", b"", b"", b"", valid.as_bytes()];
    assert_eq!(chosen(after, NOW), None, "only four values are looked at");
}
