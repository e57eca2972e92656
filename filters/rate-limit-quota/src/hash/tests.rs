use super::*;
#[cfg(target_arch = "wasm32")]
use wasm_bindgen_test::wasm_bindgen_test as test;

/// The reference implementation's key: the bytes 0 to 15.
const KEY: Secret = Secret([0x0706_0504_0302_0100, 0x0f0e_0d0c_0b0a_0908]);

/// SipHash with 128 bits, `C` rounds per word and `D` at each end.
fn siphash<const C: u32, const D: u32>(secret: Secret, bytes: &[u8]) -> Digest {
    let mut state = State::new(secret);
    let (words, rest) = bytes.as_chunks::<8>();
    for word in words {
        state.absorb::<C>(u64::from_le_bytes(*word));
    }
    state.absorb::<C>(padded(rest) | (bytes.len() as u64) << 56);
    state.digest::<D>()
}

/// `vectors_sip128` of the reference implementation: SipHash-2-4-128 of 0, 1, 2 and 15 bytes that
/// count up from 0.
#[test]
fn the_reference_vectors_hold() {
    for (length, expected) in [
        (0, "a3817f04ba25a8e66df67214c7550293"),
        (1, "da87c1d86b99af44347659119b22fc45"),
        (2, "8177228da4a45dc7fca38bdef60affe4"),
        (15, "5493e99933b0a8117e08ec0f97cfc3d9"),
    ] {
        let bytes: Vec<u8> = (0..length).collect();
        let digest = siphash::<2, 4>(KEY, &bytes).bytes();
        let hex: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(hex, expected, "{length} bytes");
    }
}

#[test]
fn secret_text_and_length_all_matter() {
    let other = Secret([1, 2]);
    let digests = [
        KEY.digest(b""),
        KEY.digest(b"\0"),
        KEY.digest(b"\0\0"),
        KEY.digest(b"a"),
        other.digest(b"a"),
        KEY.digest(b"a").and(KEY.digest(b"b")),
    ];
    for (index, digest) in digests.iter().enumerate() {
        assert!(!digests[..index].contains(digest), "{index}");
    }
}

fn of_parts(parts: &[&[u8]]) -> Digest {
    let mut hash = PartsHash::new(KEY);
    parts.iter().for_each(|part| hash.push(part));
    hash.digest()
}

#[test]
fn no_two_lists_of_parts_are_alike() {
    let lists: [&[&[u8]]; 11] = [
        &[],
        &[b""],
        &[b"", b""],
        &[b"a;b=c"],
        &[b"a", b"b=c"],
        &[b"a", b"b", b"c"],
        &[b"ab", b"c"],
        &[b"a", b"bc"],
        &[b"a\0\0\0\0\0\0\0\0"],
        &[b"", b"a"],
        &[b"a", b""],
    ];
    for (index, list) in lists.iter().enumerate() {
        for other in &lists[..index] {
            assert_ne!(of_parts(list), of_parts(other), "{list:?} and {other:?}");
        }
    }
}
