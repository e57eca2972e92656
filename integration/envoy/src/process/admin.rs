//! Envoy's admin interface.

use std::collections::BTreeMap;
use std::net::{IpAddr, SocketAddr};

use anyhow::{Context as _, ensure};
use serde_json::Value;

use crate::client::Client;
use crate::message::{Answer, End, Request};

/// One exchange with the admin interface, whatever its status.
pub(super) fn exchange(addr: SocketAddr, method: &str, path: &str) -> anyhow::Result<Answer> {
    let answer = Client::once(addr, &Request::get(path).method(method))?;
    ensure!(answer.end == End::Complete, "{method} {path}: {:?}", answer.end);
    Ok(answer)
}

/// The text of a page.
pub(super) fn page(addr: SocketAddr, method: &str, path: &str) -> anyhow::Result<String> {
    let answer = exchange(addr, method, path)?;
    ensure!(answer.status == Some(200), "{method} {path}: {:?}", answer.status);
    Ok(answer.text())
}

/// Counters and gauges in `name: value` lines; histograms have no one value and are left out.
pub(super) fn parse_stats(text: &str) -> BTreeMap<String, u64> {
    text.lines()
        .filter_map(|line| line.rsplit_once(": "))
        .filter_map(|(name, value)| Some((name.to_owned(), value.parse().ok()?)))
        .collect()
}

/// Where each listener listens, by name.
pub(super) fn parse_listeners(text: &str) -> anyhow::Result<BTreeMap<String, SocketAddr>> {
    let page: Value = serde_json::from_str(text).context("the listeners' page is not JSON")?;
    let Some(statuses) = page.get("listener_statuses") else { return Ok(BTreeMap::new()) };
    let statuses = statuses.as_array().context("listener_statuses is no list")?;
    statuses
        .iter()
        .map(|status| {
            let name = status.get("name").and_then(Value::as_str);
            let socket = status.pointer("/local_address/socket_address");
            let ip = socket.and_then(|it| it.get("address")).and_then(Value::as_str);
            let port = socket.and_then(|it| it.get("port_value")).and_then(Value::as_u64);
            let ip: IpAddr = ip.context("a listener without an address")?.parse()?;
            let port = u16::try_from(port.context("a listener without a port")?)?;
            Ok((name.context("a listener without a name")?.to_owned(), (ip, port).into()))
        })
        .collect()
}

/// Escapes everything that has a meaning in a query.
pub(super) fn escape(text: &str) -> String {
    text.bytes()
        .map(|byte| match byte {
            b'0'..=b'9' | b'A'..=b'Z' | b'a'..=b'z' | b'-' | b'.' | b'_' => {
                char::from(byte).to_string()
            }
            other => format!("%{other:02X}"),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{escape, parse_listeners, parse_stats};

    #[test]
    fn stats_without_one_value_are_left_out() {
        let stats = parse_stats("a.b: 3\ncluster.x: y: 4\nh: P0(nan,1) P25(nan,1)\nrubbish\n");
        assert_eq!(
            stats.into_iter().collect::<Vec<_>>(),
            [("a.b".to_owned(), 3), ("cluster.x: y".to_owned(), 4)]
        );
    }

    #[test]
    fn a_listener_without_a_port_is_an_error() {
        let page = r#"{"listener_statuses": [{"name": "a", "local_address": {}}]}"#;
        assert!(parse_listeners(page).is_err());
        assert!(parse_listeners("{}").unwrap().is_empty());
    }

    #[test]
    fn a_regex_survives_the_query() {
        assert_eq!(escape("^a\\.b|c$"), "%5Ea%5C.b%7Cc%24");
    }
}
