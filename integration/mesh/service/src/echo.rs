//! The tutorials' tcp-echo: each line comes back with the version before it.

use std::io::{self, BufRead as _, BufReader, Write as _};
use std::net::TcpStream;

pub(crate) fn serve(stream: TcpStream, version: &str) -> io::Result<()> {
    let mut writer = stream.try_clone()?;
    for line in BufReader::new(stream).lines() {
        writer.write_all(format!("{version} {}\n", line?).as_bytes())?;
    }
    Ok(())
}
