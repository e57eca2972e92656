//! Bytes that mean nothing, from every host call that returns bytes.

use crate::subject;
use anyhow::{Context, Result, ensure};
use proxy_wasm_test_host::{Injection, encode_pairs};

/// Calls that return bytes while streams are served.
const RETURNING: [&str; 4] = [
    "proxy_get_buffer_bytes",
    "proxy_get_header_map_pairs",
    "proxy_get_property",
    "proxy_get_shared_data",
];

/// Truncated, oversized and contradictory serialisations, and every short length.
fn garbage() -> Vec<Vec<u8>> {
    let pairs: [(&[u8], &[u8]); 3] = [(b":path", b"/"), (b"\xff\xfe", b"\x80"), (b"", b"")];
    let whole = encode_pairs(&pairs);
    let truncated = (0..whole.len()).map(|length| whole.iter().copied().take(length).collect());
    let lengths = (0..40).map(|length| vec![0xff; length]);
    let words = |words: &[u32]| words.iter().flat_map(|word| word.to_le_bytes()).collect();
    let contradictions: [Vec<u8>; 6] = [
        words(&[u32::MAX]),
        words(&[1, u32::MAX, u32::MAX]),
        words(&[1, 5, 0x7fff_ffff]),
        words(&[0x2000_0000, 0, 0]),
        words(&[2, 0, 0, 0, 0]),
        [whole.as_slice(), b"and more"].concat(),
    ];
    let zeros = [8, 16, 64, 100_000].map(|length| vec![0; length]);
    truncated.chain(lengths).chain(contradictions).chain(zeros).collect()
}

#[test]
fn bytes_that_mean_nothing_do_no_harm() -> Result<()> {
    for subject in subject::all()? {
        let mut injected = 0;
        for scenario in &subject.scenarios {
            let host = subject.host(scenario)?;
            host.reset_counts();
            for exchange in &scenario.exchanges {
                exchange.run(&host)?;
            }
            let called = host.counts();
            for function in RETURNING.into_iter().filter(|function| called.host(function) > 0) {
                for bytes in garbage() {
                    let what = || format!("{}, {function}, {bytes:?}", scenario.name);
                    host.inject(Injection::on(function).bytes(bytes.as_slice()));
                    // The first is the scenario's own, so that its rule has something to do.
                    for exchange in scenario.exchanges.iter().take(1) {
                        let outcome = exchange.run(&host).with_context(what)?;
                        ensure!(outcome.paused.is_none(), "{}: held for good", what());
                    }
                    injected += host.clear_injections();
                    subject::unharmed(&host).with_context(what)?;
                }
            }
        }
        println!("{}: {injected} calls returned garbage", subject.name);
        ensure!(injected > 0, "{} was given none", subject.name);
    }
    Ok(())
}
