//! Rows 24 and 26: what the gateway decides.

use anyhow::Result;
use envoy_runner::Request;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::TcpStream;
use std::time::Duration;

use crate::stage::Stage;
use crate::table::Door;

/// Row 24.
pub(super) fn tcp_shifting(stage: &mut Stage) -> Result<()> {
    const CONNECTIONS: usize = 500;
    for (step, percent) in [("100 % v1", 0.0), ("20 % v2", 20.0)] {
        stage.step(step)?;
        stage.doing(format_args!("{CONNECTIONS} connections"))?;
        let addr = stage.mesh.addr("gateway", Door::Tcp)?;
        let (mut first, mut second) = (0, 0);
        for _ in 0..CONNECTIONS {
            let mut stream = TcpStream::connect(addr)?;
            stream.set_read_timeout(Some(Duration::from_secs(10)))?;
            stream.write_all(b"hello\n")?;
            let mut line = String::new();
            BufReader::new(stream).read_line(&mut line)?;
            first += usize::from(line == "v1 hello\n");
            second += usize::from(line == "v2 hello\n");
        }
        stage.check_share("connections with v2", second, CONNECTIONS, percent);
        stage.check_equal("all others with v1", CONNECTIONS - second, first);
    }
    Ok(())
}

/// Row 26.
pub(super) fn gateway_routes(stage: &mut Stage) -> Result<()> {
    stage.step("exact and prefix URI matches")?;
    let page = "productpage => ";
    for (path, expected) in [
        ("/productpage", page),
        ("/login", page),
        ("/api/v1/products", page),
        ("/api/v1/products/7/ratings", page),
        ("/customer", "customer => preference => recommendation"),
        ("/login/x", "404"),
        ("/productpages", "404"),
        ("/", "404"),
    ] {
        let answers = stage.ask(1, 1, |_| Request::get(path))?;
        let observed = answers.first().map_or_else(String::new, |answer| match answer.status {
            Some(200) => answer.text().trim_end().to_owned(),
            other => other.unwrap_or_default().to_string(),
        });
        let fits = observed.starts_with(expected);
        stage.check(path, expected, observed, fits);
    }
    Ok(())
}
