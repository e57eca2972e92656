//! What is written: text for people, JSON for programs, colours on a terminal only.

use crate::args::{Color, Output};
use crate::document::Position;
use anyhow::{Context as _, Result};
use serde::Serialize;
use std::io::{IsTerminal as _, Write as _};

/// How to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Out {
    output: Output,
    is_colored: bool,
}

/// The colours that are used.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Paint {
    Bold,
    Cyan,
    Green,
    Red,
    Yellow,
}

impl Paint {
    fn code(self) -> &'static str {
        match self {
            Self::Bold => "1",
            Self::Cyan => "36",
            Self::Green => "32",
            Self::Red => "1;31",
            Self::Yellow => "33",
        }
    }
}

impl Out {
    pub(crate) fn new(output: Output, color: Color) -> Self {
        let is_colored = match color {
            Color::Always => true,
            Color::Never => false,
            Color::Auto => {
                std::io::stdout().is_terminal()
                    && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
            }
        };
        Self { output, is_colored }
    }

    pub(crate) fn is_json(self) -> bool {
        self.output == Output::Json
    }

    /// `text` in a colour, where colours are on.
    pub(crate) fn paint(self, paint: Paint, text: &str) -> String {
        if self.is_colored {
            format!("\x1b[{}m{text}\x1b[0m", paint.code())
        } else {
            text.to_owned()
        }
    }

    /// Writes to the standard output.
    pub(crate) fn write(self, text: &str) -> Result<()> {
        let mut out = std::io::stdout().lock();
        match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
            // The reader has seen enough (`| head`).
            Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
            result => result.context("writing"),
        }
    }

    /// Writes one JSON object.
    pub(crate) fn json(self, value: &impl Serialize) -> Result<()> {
        self.write(&format!("{}\n", serde_json::to_string_pretty(value)?))
    }
}

/// How bad something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Severity {
    Ok,
    Warning,
    Error,
}

impl Severity {
    pub(crate) fn label(self, out: Out) -> String {
        match self {
            Self::Ok => out.paint(Paint::Green, "ok"),
            Self::Warning => out.paint(Paint::Yellow, "warning"),
            Self::Error => out.paint(Paint::Red, "error"),
        }
    }
}

/// Something that was found at a place.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Finding {
    pub(crate) severity: Severity,
    pub(crate) file: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) line: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) column: Option<usize>,
    /// The filter concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) filter: Option<&'static str>,
    /// The JSON path, from the configuration's top.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) path: Option<String>,
    pub(crate) message: String,
}

impl Finding {
    pub(crate) fn new(severity: Severity, file: &str, message: impl Into<String>) -> Self {
        Self {
            severity,
            file: file.to_owned(),
            line: None,
            column: None,
            filter: None,
            path: None,
            message: message.into(),
        }
    }

    pub(crate) fn at(mut self, position: Option<Position>) -> Self {
        self.line = position.map(|position| position.line);
        self.column = position.map(|position| position.column);
        self
    }

    /// `FILE:LINE:COLUMN: error: FILTER: PATH: MESSAGE`.
    pub(crate) fn line(&self, out: Out) -> String {
        let mut text = self.file.clone();
        for number in [self.line, self.column].into_iter().flatten() {
            text.push_str(&format!(":{number}"));
        }
        let mut text = format!("{}: {}: ", out.paint(Paint::Bold, &text), self.severity.label(out));
        for part in [self.filter, self.path.as_deref()].into_iter().flatten() {
            text.push_str(&format!("{part}: "));
        }
        text + &self.message + "\n"
    }
}
