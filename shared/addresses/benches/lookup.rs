//! What one look-up costs in sets of ten, a thousand and a million prefixes, and what making the
//! greatest costs.

use addresses::{IpPrefix, IpPrefixSet};
use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use fastrand::Rng;
use std::hint::black_box;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// An address of IPv4, or of the part of IPv6 that is in use.
fn address(rng: &mut Rng, is_v4: bool) -> IpAddr {
    if is_v4 {
        Ipv4Addr::from_bits(rng.u32(..)).into()
    } else {
        Ipv6Addr::from_bits(rng.u128(..) >> 3 | 1 << 125).into()
    }
}

fn lookup(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("contains");
    for (family, is_v4) in [("v4", true), ("v6", false)] {
        for size in [10, 1000, 1_000_000] {
            let mut rng = Rng::with_seed(size);
            let set: IpPrefixSet =
                (0..size).map(|_| IpPrefix::from(address(&mut rng, is_v4))).collect();
            let asked: Vec<IpAddr> = (0..4096).map(|_| address(&mut rng, is_v4)).collect();
            let mut asked = asked.iter().cycle();
            group.bench_function(BenchmarkId::new(family, size), |bencher| {
                bencher.iter(|| asked.next().map(|ip| set.contains(black_box(*ip))));
            });
        }
    }
    group.finish();
}

fn build(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("build");
    group.sample_size(10);
    for (family, is_v4) in [("v4", true), ("v6", false)] {
        let mut rng = Rng::with_seed(1);
        let prefixes: Vec<IpPrefix> =
            (0..1_000_000).map(|_| IpPrefix::from(address(&mut rng, is_v4))).collect();
        group.bench_function(BenchmarkId::new(family, prefixes.len()), |bencher| {
            bencher.iter(|| prefixes.iter().copied().collect::<IpPrefixSet>());
        });
    }
    group.finish();
}

criterion_group!(benches, lookup, build);
criterion_main!(benches);
