use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

fn judge(allow: Option<&[&str]>, members: usize, bytes: usize, lines: &[&str]) -> Baggage {
    let allow = allow.map(|keys| keys.iter().map(|key| key.as_bytes().into()).collect());
    let policy = BaggagePolicy { allow, max_members: members, max_bytes: bytes };
    policy.judge(&lines.iter().map(|line| line.as_bytes()).collect::<Vec<_>>())
}

fn cut(rest: &str) -> Baggage {
    Baggage::Cut(rest.as_bytes().to_vec())
}

#[test]
fn within_the_limits_everything_stays_as_it_is() {
    for lines in [
        &["a=b"][..],
        &["a=b==c;p;q=r , d=%20%C3%A9", "a=again"],
        &[],
        &["", " , "],
        &["no value at all"],
    ] {
        assert_eq!(judge(None, 64, 8192, lines), Baggage::Kept, "{lines:?}");
    }
}

#[test]
fn beyond_a_limit_whole_members_go_from_the_right() {
    assert_eq!(judge(None, 2, 8192, &["a=1,b=2,c=3"]), cut("a=1,b=2"));
    assert_eq!(judge(None, 2, 8192, &["a=1", "b=2", "c=3"]), cut("a=1,b=2"));
    assert_eq!(judge(None, 64, 7, &["a=1,b=2"]), Baggage::Kept);
    assert_eq!(judge(None, 64, 6, &["a=1,b=2"]), cut("a=1"));
    assert_eq!(judge(None, 64, 2, &["a=1,b=2"]), cut(""));
}

#[test]
fn sixty_four_members_and_8192_bytes_pass() {
    let members: Vec<String> = (0..64).map(|n| format!("k{n:02}={}", "v".repeat(123))).collect();
    let line = members.join(",");
    assert_eq!(line.len(), 64 * 127 + 63);
    assert_eq!(judge(None, 64, 8192, &[&line]), Baggage::Kept);
    assert_eq!(judge(None, 64, 8192, &[&line, "x=1"]), cut(&line));
}

#[test]
fn only_allowed_keys_pass_in_their_order_and_their_case_counts() {
    let allow = Some(&["end-user", "tenant"][..]);
    assert_eq!(
        judge(
            allow,
            64,
            8192,
            &["secret=1,end-user = jason;ttl=3", "tenant=x,End-User=y,end-user"]
        ),
        cut("end-user = jason;ttl=3,tenant=x")
    );
    assert_eq!(judge(allow, 64, 8192, &["tenant=a=b"]), Baggage::Kept);
    assert_eq!(judge(Some(&[]), 64, 8192, &["tenant=x"]), cut(""));
}
