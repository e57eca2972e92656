use super::*;
use filter_api::{Effect, HeaderMutation, HeaderPairs, RequestHead, encode_pairs};
use filter_testing::SimEnvironment;

mod lines;
mod memory;
mod parent;

type Headers = Vec<(String, String)>;

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

/// The values of a header, joined.
fn get(headers: &Headers, name: &str) -> Option<String> {
    let values: Vec<&str> = headers
        .iter()
        .filter(|(other, _)| other == name)
        .map(|(_, value)| value.as_str())
        .collect();
    (!values.is_empty()).then(|| values.join(","))
}

/// A plugin in a world that it may share with another.
struct Hop {
    filter: TraceFilter,
}

impl Hop {
    fn new(json: &str, env: &mut SimEnvironment) -> Self {
        Self { filter: TraceFilter::configure(json.as_bytes(), &mut env.metrics).unwrap() }
    }

    /// What the request goes on with, and how many headers were changed.
    fn pass(&self, request: &Headers, env: &mut SimEnvironment) -> (Headers, usize, TraceStream) {
        let mut stream = TraceStream::default();
        let bytes = encode_pairs(request.iter().map(|(name, value)| (name, value)));
        let head = RequestHead::new(HeaderPairs::parse(&bytes));
        let decision = self.filter.on_request_headers(&mut stream, &head, env);
        let (mut headers, mut writes) = (request.clone(), 0);
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        for effect in decision.effects {
            match effect {
                Effect::Count(counter, by) => (0..by).for_each(|_| env.metrics.count(counter)),
                Effect::Release(permit) => assert!(env.metrics.lower(permit.gauge())),
                Effect::Mutate(HeaderMutation::Add(name, value)) => {
                    headers.push((text(name.as_bytes()), text(value.as_bytes())));
                    writes += 1;
                }
                Effect::Mutate(HeaderMutation::Set(name, value)) => {
                    headers.retain(|(other, _)| other.as_bytes() != name.as_bytes());
                    headers.push((text(name.as_bytes()), text(value.as_bytes())));
                    writes += 1;
                }
                Effect::Mutate(HeaderMutation::Remove(name)) => {
                    headers.retain(|(other, _)| other.as_bytes() != name.as_bytes());
                    writes += 1;
                }
                _ => {}
            }
        }
        (headers, writes, stream)
    }

    fn end(&self, mut stream: TraceStream, env: &mut SimEnvironment) {
        for effect in self.filter.on_stream_end(&mut stream, env) {
            if let Effect::Release(permit) = effect {
                assert!(env.metrics.lower(permit.gauge()));
            }
        }
    }
}

fn count(env: &SimEnvironment, name: &str) -> u64 {
    env.metrics.nonzero().get(name).copied().unwrap_or_default()
}
