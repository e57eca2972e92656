//! Each part starts, answers, and ends.

use anyhow::{Context as _, Result, ensure};
use envoy_runner::{Client, Request};
use real_parts::{Prometheus, RateLimit, Redis, Zipkin, available};
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};

fn redis_says(addr: SocketAddr, command: &str) -> Result<String> {
    let mut stream = TcpStream::connect(addr)?;
    stream.write_all(command.as_bytes())?;
    let mut answer = [0; 64];
    let size = stream.read(&mut answer)?;
    Ok(String::from_utf8_lossy(answer.get(..size).unwrap_or_default()).into_owned())
}

#[test]
fn redis_forgets_when_it_ends() -> Result<()> {
    let Some(mut redis) = available(Redis::start())? else { return Ok(()) };
    assert_eq!(redis_says(redis.addr(), "SET a 1\r\n")?, "+OK\r\n");
    redis.stop();
    ensure!(redis_says(redis.addr(), "PING\r\n").is_err(), "it still answers");
    redis.start_again()?;
    assert_eq!(redis_says(redis.addr(), "GET a\r\n")?, "$-1\r\n");
    Ok(())
}

#[test]
fn the_rate_limit_service_counts_in_redis() -> Result<()> {
    let Some(redis) = available(Redis::start())? else { return Ok(()) };
    let rules = "domain: ballast\ndescriptors: [{key: user, rate_limit: {unit: hour, requests_per_unit: 2}}]";
    let service = available(RateLimit::start(&[("ballast.yaml", rules)], redis.addr()))?;
    let Some(mut service) = service else { return Ok(()) };
    let ask = |service: &RateLimit| -> Result<Option<u16>> {
        let body = r#"{"domain": "ballast", "descriptors": [{"entries": [{"key": "user", "value": "a"}]}]}"#;
        let request = Request::post("/json", body).header("content-type", "application/json");
        Ok(Client::once(service.http_addr(), &request)?.status)
    };
    assert_eq!([ask(&service)?, ask(&service)?], [Some(200), Some(200)]);
    service.stop();
    service.start_again()?;
    assert_eq!(ask(&service)?, Some(429), "Redis remembers");
    Ok(())
}

#[test]
fn zipkin_gives_back_a_span() -> Result<()> {
    let Some(zipkin) = available(Zipkin::start())? else { return Ok(()) };
    let span = r#"[{"traceId": "463ac35c9f6413ad", "id": "463ac35c9f6413ad", "name": "get"}]"#;
    let request = Request::post("/api/v2/spans", span).header("content-type", "application/json");
    assert_eq!(Client::once(zipkin.addr(), &request)?.status, Some(202));
    let answer = zipkin.get("/api/v2/trace/463ac35c9f6413ad")?;
    assert_eq!(answer.status, Some(200));
    ensure!(String::from_utf8_lossy(&answer.body).contains("463ac35c9f6413ad"), "another trace");
    Ok(())
}

#[test]
fn prometheus_answers_and_refuses_what_is_no_query() -> Result<()> {
    let Some(prometheus) = available(Prometheus::start("none", &[]))? else { return Ok(()) };
    let result = prometheus.query("1 + 1")?;
    let value = result.pointer("/1").and_then(|value| value.as_str()).context("a number")?;
    assert_eq!(value, "2");
    ensure!(prometheus.query("1 +").is_err(), "half an expression");
    Ok(())
}
