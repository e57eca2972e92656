//! An archive of one file.

use anyhow::{Context as _, Result, ensure};

/// Everything in an archive is a multiple of this.
const BLOCK: usize = 512;

/// A tar archive (POSIX `ustar`) with one readable file of nobody's, from 1970.
pub(super) fn archive(name: &str, content: &[u8]) -> Result<Vec<u8>> {
    let mut header = Vec::with_capacity(BLOCK);
    let mut field = |text: &str, width: usize| -> Result<()> {
        ensure!(text.len() <= width, "`{text}` does not fit into {width} bytes");
        header.extend_from_slice(text.as_bytes());
        header.resize(header.len() + width - text.len(), 0);
        Ok(())
    };
    field(name, 100)?;
    for number in ["0000644", "0000000", "0000000"] {
        field(number, 8)?;
    }
    field(&format!("{:011o}", content.len()), 12)?;
    field("00000000000", 12)?;
    // The checksum is made as if its own field were blank.
    field("        ", 8)?;
    field("0", 1)?;
    field("", 100)?;
    field("ustar", 6)?;
    field("00", 2)?;
    header.resize(BLOCK, 0);
    let sum: u32 = header.iter().copied().map(u32::from).sum();
    let place = header.get_mut(148..156).context("a header has a checksum")?;
    place.copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    let mut archive = header;
    archive.extend_from_slice(content);
    // The file's last block is filled up, and two empty ones end the archive.
    archive.resize(archive.len().next_multiple_of(BLOCK) + 2 * BLOCK, 0);
    Ok(archive)
}
