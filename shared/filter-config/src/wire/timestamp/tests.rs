use super::Timestamp;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn nanos(text: &str) -> Option<u64> {
    serde_json::from_value::<Timestamp>(text.into()).ok().map(|time| time.get().0)
}

const SECOND: u64 = 1_000_000_000;

#[test]
fn rfc_3339_is_read_with_offset_and_fraction() {
    for (text, seconds, fraction) in [
        ("1970-01-01T00:00:00Z", 0, 0),
        ("2026-11-20T09:00:00Z", 1_795_165_200, 0),
        ("2026-11-20t09:00:00z", 1_795_165_200, 0),
        ("2026-11-20 09:00:00Z", 1_795_165_200, 0),
        ("2026-11-20T10:30:00.5+01:30", 1_795_165_200, 500_000_000),
        ("2026-11-20T01:00:00-08:00", 1_795_165_200, 0),
        ("2000-02-29T23:59:59.999999999Z", 951_868_799, 999_999_999),
        ("2000-03-01T00:00:00.0000000019Z", 951_868_800, 1),
        ("2024-02-29T00:00:00Z", 1_709_164_800, 0),
        ("2100-03-01T00:00:00Z", 4_107_542_400, 0),
        ("1969-12-31T23:00:00-01:00", 0, 0),
        ("2554-07-21T23:34:33Z", 18_446_744_073, 0),
    ] {
        assert_eq!(nanos(text), Some(seconds * SECOND + fraction), "{text}");
    }
}

#[test]
fn dates_that_do_not_exist_and_other_spellings_are_refused() {
    for text in [
        "",
        "now",
        "2026-11-20",
        "2026-11-20T09:00Z",
        "2026-11-20T09:00:00",
        "2026-11-20T09:00:00+0100",
        "2026-13-01T00:00:00Z",
        "2026-00-01T00:00:00Z",
        "2026-01-00T00:00:00Z",
        "2026-04-31T00:00:00Z",
        "2026-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2026-01-01T24:00:00Z",
        "2026-01-01T00:60:00Z",
        "2026-01-01T00:00:60Z",
        "2026-01-01T00:00:00.Z",
        "2026-01-01T00:00:00.5",
        "2026-01-01T00:00:00+24:00",
        "2026-01-01T00:00:00ZZ",
        "1969-12-31T23:59:59Z",
        "1970-01-01T00:00:00+00:01",
        "2555-01-01T00:00:00Z",
        "9999-12-31T23:59:59Z",
        "+026-01-01T00:00:00Z",
        "2026-01-01T00:00:0\u{e9}Z",
        "２026-01-01T00:00:00Z",
    ] {
        assert_eq!(nanos(text), None, "{text:?}");
    }
}

#[test]
fn every_day_of_four_centuries_follows_the_day_before() {
    let mut expected = nanos("2000-01-01T00:00:00Z").unwrap();
    for year in 2000..2400 {
        for month in 1..=12 {
            for day in 1..=31 {
                if let Some(time) = nanos(&format!("{year}-{month:02}-{day:02}T00:00:00Z")) {
                    assert_eq!(time, expected, "{year}-{month}-{day}");
                    expected += 86_400 * SECOND;
                }
            }
        }
    }
    // 400 years of the Gregorian calendar have 97 leap days.
    assert_eq!(expected - nanos("2000-01-01T00:00:00Z").unwrap(), 146_097 * 86_400 * SECOND);
}
