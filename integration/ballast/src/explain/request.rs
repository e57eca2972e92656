//! The request, as the command line describes it.

use crate::args::Explain;
use anyhow::{Context as _, Result, anyhow, ensure};
use filter_config::wire;
use proxy_wasm_test_host::{HostBuilder, Request, Response};
use serde::de::DeserializeOwned;
use std::net::IpAddr;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A request of which any number can be made.
pub(crate) struct Template {
    headers: Vec<(String, String)>,
    upstream: u16,
}

/// The upstream's body.
const BODY: &str = "upstream";

impl Template {
    pub(crate) fn new(args: &Explain) -> Result<Self> {
        let (method, path) = args.request.trim().split_once(' ').unwrap_or(("GET", &args.request));
        let path = path.trim();
        ensure!(
            path.starts_with('/'),
            "found the path `{path}`, allowed is one that begins with /"
        );
        let mut headers = vec![
            (":authority".to_owned(), args.authority.clone()),
            (":path".to_owned(), path.to_owned()),
            (":method".to_owned(), method.to_owned()),
            (":scheme".to_owned(), "http".to_owned()),
        ];
        for header in &args.headers {
            let (name, value) = header.split_once(':').with_context(|| {
                format!("found the header `{header}`, allowed is `NAME: VALUE`")
            })?;
            let name = name.trim().to_ascii_lowercase();
            ensure!(!name.is_empty(), "found the header `{header}`, allowed is `NAME: VALUE`");
            // Envoy calls it by the name of HTTP/2.
            let name = if name == "host" { ":authority".to_owned() } else { name };
            if name == ":authority" {
                headers.retain(|(other, _)| *other != name);
            }
            headers.push((name, value.trim().to_owned()));
        }
        Ok(Self { headers, upstream: args.upstream })
    }

    /// As it was written, for the report.
    pub(crate) fn shown(&self) -> Vec<(String, String)> {
        self.headers.clone()
    }

    /// The headers of the n-th request.
    pub(crate) fn headers(&self, n: u32) -> Vec<(String, String)> {
        let fill = |value: &String| value.replace("{n}", &n.to_string());
        self.headers.iter().map(|(name, value)| (name.clone(), fill(value))).collect()
    }

    /// The n-th request.
    pub(crate) fn request(&self, n: u32) -> Request {
        let headers = self.headers(n);
        headers
            .into_iter()
            .fold(Request::default(), |request, (name, value)| request.header(name, value))
    }

    /// The upstream's answer.
    pub(crate) fn answer(&self) -> Response {
        let length = BODY.len().to_string();
        Response::new(self.upstream).header("content-length", length).body(BODY)
    }
}

/// Nanoseconds since the epoch.
pub(crate) fn start_time(at: Option<&str>) -> Result<u64> {
    match at {
        Some(text) => {
            let time: wire::Timestamp = read(text).context("--at")?;
            Ok(time.get().0)
        }
        None => {
            #[expect(clippy::disallowed_methods, reason = "the user's clock is the input")]
            let now = SystemTime::now().duration_since(UNIX_EPOCH).context("the clock")?;
            u64::try_from(now.as_nanos()).context("the clock")
        }
    }
}

/// A duration in the configurations' words.
pub(crate) fn duration(text: &str) -> Result<Duration> {
    if text == "0s" {
        return Ok(Duration::ZERO);
    }
    let duration: wire::Duration = read(text).context("--every")?;
    Ok(duration.get())
}

fn read<T: DeserializeOwned>(text: &str) -> Result<T> {
    serde_json::from_value(text.into()).map_err(|error| anyhow!("{error}"))
}

/// Who asks, for people.
pub(crate) fn client(args: &Explain) -> String {
    let identity = args.from.iter().map(|id| format!("  {id}"));
    let labels = args.source_label.iter().map(|label| format!("  {label}"));
    std::iter::once(args.address.to_string()).chain(identity).chain(labels).collect()
}

/// What Envoy would say of the connection and of both workloads.
pub(crate) fn attributes(mut builder: HostBuilder, args: &Explain) -> Result<HostBuilder> {
    let client = match args.address {
        IpAddr::V4(address) => format!("{address}:50000"),
        IpAddr::V6(address) => format!("[{address}]:50000"),
    };
    builder = builder.addresses(&client, "127.0.0.1:10000", "127.0.0.1:8080");
    if let Some(id) = &args.from {
        ensure!(id.starts_with("spiffe://"), "found --from {id}, allowed is spiffe://DOMAIN/…");
        builder = builder
            .attribute("connection.mtls", [1])
            .attribute("connection.peer_certificate_valid", [1])
            .attribute("connection.uri_san_peer_certificate", id.as_bytes());
        let mut parts = id.split('/').skip_while(|part| *part != "ns").skip(1);
        if let Some(namespace) = parts.next() {
            builder =
                builder.attribute("filter_state.downstream_peer.namespace", namespace.as_bytes());
        }
    }
    for label in &args.source_label {
        let (name, value) = pair(label)?;
        let paths = ["filter_state.downstream_peer.labels", "filter_state.downstream_peer"];
        for path in paths {
            builder = builder.attribute(&format!("{path}.{name}"), value.as_bytes());
        }
    }
    for label in &args.label {
        let (name, value) = pair(label)?;
        builder = builder.attribute(&format!("xds.node.metadata.LABELS.{name}"), value.as_bytes());
    }
    for attribute in &args.attribute {
        let (path, value) = pair(attribute)?;
        builder = builder.attribute(path, value.as_bytes());
    }
    Ok(builder)
}

fn pair(text: &str) -> Result<(&str, &str)> {
    text.split_once('=').with_context(|| format!("found `{text}`, allowed is NAME=VALUE"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args::{Cli, Command};
    use clap::Parser as _;

    fn args(arguments: &[&str]) -> Explain {
        let all = ["ballast", "explain", "--config", "f"].iter().chain(arguments);
        match Cli::try_parse_from(all).unwrap().command {
            Command::Explain(args) => *args,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_request_is_what_the_words_say() {
        let template = Template::new(&args(&[
            "--request",
            "POST /a?b",
            "-H",
            "Host: x.example",
            "-H",
            "End-User:  u-{n}",
            "-H",
            "A:",
        ]));
        let headers = template.unwrap().headers(7);
        let expected = [
            (":path", "/a?b"),
            (":method", "POST"),
            (":scheme", "http"),
            (":authority", "x.example"),
            ("end-user", "u-7"),
            ("a", ""),
        ];
        assert_eq!(headers, expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
        for bad in [["--request", "GET x"], ["-H", "no colon"], ["-H", ": x"]] {
            assert!(Template::new(&args(&bad)).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn times_are_those_of_the_configurations() {
        assert_eq!(start_time(Some("1970-01-01T00:00:01Z")).unwrap(), 1_000_000_000);
        assert!(start_time(Some("today")).is_err());
        assert_eq!(duration("1.5s").unwrap(), Duration::from_millis(1500));
        assert_eq!(duration("0s").unwrap(), Duration::ZERO);
        assert!(duration("5").is_err());
        assert!(pair("a").is_err());
    }
}
