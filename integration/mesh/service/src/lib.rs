//! One small application that plays every role of the tutorials' mesh, with nothing but the standard
//! library.
//!
//! Behind its sidecar it is `customer`, which calls `preference`, which calls `recommendation`; or
//! Bookinfo's productpage, reviews and ratings; or httpbin; or a TCP echo. It answers in the tutorials'
//! form, `customer => preference => recommendation v1 from 'host': 7`. Like most applications it hands
//! on `x-request-id` at best. `/misbehave` lets it answer 503 until `/behave`.
//!
//! What begins with `/_mesh/` is for those who watch: `health`, `received` (the latest requests with
//! their headers), `clear`, `reset`, `delay/<milliseconds>`, `attempts/<number>`, `forward/<request-id|none|all>`.

mod application;
mod echo;
mod http1;
mod journal;
mod options;
mod outbound;

pub use options::{Forward, Mode, OnError, Options, USAGE};

use application::Application;
use http1::{Connection, Message};
use outbound::Outbound;
use std::io::{self, ErrorKind};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// Serves until the process ends; each connection has a thread.
///
/// # Errors
/// The address cannot be listened on.
pub fn serve(options: Options) -> io::Result<()> {
    let listener = TcpListener::bind(options.listen)?;
    let application = Arc::new(Application::new(options));
    for stream in listener.incoming() {
        let application = Arc::clone(&application);
        // A connection that could not be accepted, or that breaks, is its peer's affair.
        if let Ok(stream) = stream {
            thread::spawn(move || match application.options.mode {
                Mode::Http => http(&application, stream),
                Mode::TcpEcho => echo::serve(stream, &application.options.version),
            });
        }
    }
    Ok(())
}

/// Asks once whether a server is well: `GET path` is answered with 200. What a container without a shell
/// is checked by.
///
/// # Errors
/// Nobody answers within five seconds, or with something else.
pub fn check(address: &str, path: &str) -> io::Result<()> {
    let stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(Duration::from_secs(5)))?;
    let mut connection = Connection::new(stream)?;
    let start = ["GET", path, "HTTP/1.1"].map(str::to_owned);
    let headers = [("host", address), ("connection", "close")];
    let headers = headers.map(|(name, value)| (name.to_owned(), value.as_bytes().to_vec()));
    connection.write(&Message { start, headers: headers.into(), body: Vec::new() })?;
    match connection.read()?.map(|answer| answer.status()) {
        Some(200) => Ok(()),
        Some(status) => Err(io::Error::other(format!("answers {status}"))),
        None => Err(ErrorKind::UnexpectedEof.into()),
    }
}

fn http(application: &Application, stream: TcpStream) -> io::Result<()> {
    let mut connection = Connection::new(stream)?;
    let mut outbound = application.options.outbound.map(Outbound::new);
    while let Some(request) = connection.read()? {
        connection.write(&application.answer(&request, outbound.as_mut()))?;
        if request.closes() {
            break;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests;
