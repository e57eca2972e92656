//! The command line.

use std::net::SocketAddr;

/// Which request headers the application hands on to the service that it calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Forward {
    /// All but those of the connection: what an instrumented application does at best.
    All,
    /// None.
    Nothing,
    /// Only `x-request-id`: what many an application does.
    RequestId,
}

impl Forward {
    /// From its word on the command line.
    #[must_use]
    pub fn from_word(word: &str) -> Option<Self> {
        match word {
            "all" => Some(Self::All),
            "none" => Some(Self::Nothing),
            "request-id" => Some(Self::RequestId),
            _ => None,
        }
    }
}

/// What the process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mode {
    /// Answers HTTP.
    Http,
    /// Answers each line with its version before it.
    TcpEcho,
}

/// What becomes of an error of the service below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OnError {
    /// 503, with the error in the text.
    Status,
    /// 200, with a note in the text, as Bookinfo's pages do.
    Tolerate,
}

/// What one process is to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// Its name in answers.
    pub name: String,
    /// Its version in answers.
    pub version: String,
    /// What it calls itself where the tutorials show a host.
    pub host: String,
    /// Where it listens.
    pub listen: SocketAddr,
    /// Where its sidecar takes outbound requests.
    pub outbound: Option<SocketAddr>,
    /// The host that it calls there.
    pub next: Option<String>,
    /// What it hands on.
    pub forward: Forward,
    /// What it makes of errors below.
    pub on_error: OnError,
    /// A fixed delay of each answer, in milliseconds.
    pub delay_ms: u64,
    /// HTTP or TCP.
    pub mode: Mode,
}

/// What `--help` and a wrong argument show.
pub const USAGE: &str = "usage: mesh-service --name NAME --version VERSION --listen ADDRESS:PORT
    [--outbound ADDRESS:PORT --next HOST] [--host NAME]
    [--forward request-id|none|all] [--on-error status|tolerate]
    [--delay-ms NUMBER] [--mode http|tcp-echo]
       mesh-service --check ADDRESS:PORT PATH";

impl Options {
    /// Reads the arguments that follow the program's name.
    ///
    /// # Errors
    /// A line that says what is wrong.
    pub fn parse(arguments: impl IntoIterator<Item = String>) -> Result<Self, String> {
        let mut options = Self {
            name: String::new(),
            version: "v1".to_owned(),
            host: String::new(),
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            outbound: None,
            next: None,
            forward: Forward::RequestId,
            on_error: OnError::Status,
            delay_ms: 0,
            mode: Mode::Http,
        };
        let mut arguments = arguments.into_iter();
        while let Some(flag) = arguments.next() {
            let value = arguments.next().ok_or_else(|| format!("{flag} takes a value"))?;
            options.set(&flag, &value).ok_or_else(|| format!("{flag} {value}: not understood"))?;
        }
        if options.name.is_empty() || options.listen.port() == 0 {
            return Err("--name and --listen are needed".to_owned());
        }
        if options.next.is_some() && options.outbound.is_none() {
            return Err("--next needs --outbound".to_owned());
        }
        if options.host.is_empty() {
            options.host = format!("{}-{}", options.name, options.version);
        }
        Ok(options)
    }

    fn set(&mut self, flag: &str, value: &str) -> Option<()> {
        match flag {
            "--name" => value.clone_into(&mut self.name),
            "--version" => value.clone_into(&mut self.version),
            "--host" => value.clone_into(&mut self.host),
            "--listen" => self.listen = value.parse().ok()?,
            "--outbound" => self.outbound = Some(value.parse().ok()?),
            "--next" => self.next = Some(value.to_owned()),
            "--forward" => self.forward = Forward::from_word(value)?,
            "--delay-ms" => self.delay_ms = value.parse().ok()?,
            "--on-error" => {
                self.on_error = match value {
                    "status" => OnError::Status,
                    "tolerate" => OnError::Tolerate,
                    _ => return None,
                }
            }
            "--mode" => {
                self.mode = match value {
                    "http" => Mode::Http,
                    "tcp-echo" => Mode::TcpEcho,
                    _ => return None,
                }
            }
            _ => return None,
        }
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Forward, Mode, OnError, Options};

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn every_flag_is_read() {
        let options = parse(
            "--name a --version v2 --host h --listen 127.0.0.1:1 --outbound 127.0.0.1:2 --next b \
             --forward all --on-error tolerate --delay-ms 3 --mode tcp-echo",
        )
        .unwrap();
        assert_eq!((options.forward, options.on_error), (Forward::All, OnError::Tolerate));
        assert_eq!((options.delay_ms, options.mode), (3, Mode::TcpEcho));
        assert_eq!((options.next.as_deref(), options.host.as_str()), (Some("b"), "h"));
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (line, why) in [
            ("--name a", "--name and --listen are needed"),
            ("--name a --listen 127.0.0.1:1 --next b", "--next needs --outbound"),
            ("--name a --listen nowhere", "--listen nowhere: not understood"),
            ("--name a --listen 127.0.0.1:1 --forward some", "--forward some: not understood"),
            ("--name", "--name takes a value"),
            ("--colour red", "--colour red: not understood"),
        ] {
            assert_eq!(parse(line), Err(why.to_owned()), "{line}");
        }
        assert_eq!(parse("--name a --listen 127.0.0.1:1").unwrap().host, "a-v1");
    }
}
