//! Taking callbacks out of a module's exports, so that Envoy skips them.

use anyhow::{Context as _, ensure};

const HEADER: &[u8] = b"\0asm\x01\0\0\0";
const EXPORT_SECTION: u8 = 7;

/// Exports that are no callback of a stream: without them the module is not loaded or configured.
const ALWAYS: [&str; 3] = ["proxy_on_configure", "proxy_on_memory_allocate", "proxy_on_vm_start"];

/// The same module without the exports `proxy_on_*` that are not listed. Its code stays: what
/// nobody calls costs nothing per request.
pub(crate) fn keep_callbacks(module: &[u8], callbacks: &[String]) -> anyhow::Result<Vec<u8>> {
    let mut reader = Reader(module);
    ensure!(reader.bytes(HEADER.len())? == HEADER, "not a WebAssembly module");
    let mut kept = HEADER.to_vec();
    while !reader.0.is_empty() {
        let section = reader.byte()?;
        let length = reader.number()?;
        let content = reader.bytes(length)?;
        let content = match section {
            EXPORT_SECTION => prune(content, callbacks)?,
            _ => content.to_vec(),
        };
        kept.push(section);
        push_number(&mut kept, content.len());
        kept.extend(content);
    }
    Ok(kept)
}

fn prune(section: &[u8], callbacks: &[String]) -> anyhow::Result<Vec<u8>> {
    let mut reader = Reader(section);
    let mut entries: Vec<&[u8]> = Vec::new();
    for _ in 0..reader.number()? {
        let before = reader.0;
        let length = reader.number()?;
        let name = std::str::from_utf8(reader.bytes(length)?).context("an export's name")?;
        reader.byte().context("an export's kind")?;
        reader.number().context("an export's index")?;
        let entry = before.get(..before.len() - reader.0.len()).unwrap_or_default();
        let is_callback = name.starts_with("proxy_on_") && !ALWAYS.contains(&name);
        if !is_callback || callbacks.iter().any(|callback| callback == name) {
            entries.push(entry);
        }
    }
    let mut pruned = Vec::new();
    push_number(&mut pruned, entries.len());
    pruned.extend(entries.concat());
    Ok(pruned)
}

struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, length: usize) -> anyhow::Result<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(length).context("the module is cut off")?;
        self.0 = rest;
        Ok(head)
    }

    fn byte(&mut self) -> anyhow::Result<u8> {
        self.bytes(1)?.first().copied().context("the module is cut off")
    }

    /// An unsigned number of up to 32 bits in LEB128.
    fn number(&mut self) -> anyhow::Result<usize> {
        let mut number = 0;
        for shift in (0..35).step_by(7) {
            let byte = self.byte()?;
            number |= usize::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        anyhow::bail!("a number of more than 32 bits")
    }
}

fn push_number(into: &mut Vec<u8>, mut number: usize) {
    while number >= 0x80 {
        into.push(number.to_le_bytes()[0] | 0x80);
        number >>= 7;
    }
    into.push(number.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::{HEADER, Reader, keep_callbacks, push_number};

    fn module(exports: &[&str]) -> Vec<u8> {
        let mut content = Vec::new();
        push_number(&mut content, exports.len());
        for name in exports {
            push_number(&mut content, name.len());
            content.extend(name.as_bytes());
            content.extend([0, 5]);
        }
        let mut module = HEADER.to_vec();
        // A custom section before it.
        module.extend([0, 3, 2, b'a', b'b', 7]);
        push_number(&mut module, content.len());
        module.extend(content);
        module
    }

    #[test]
    fn only_the_listed_callbacks_stay() {
        let before = module(&["memory", "proxy_on_log", "proxy_on_vm_start", "proxy_on_delete"]);
        let after = keep_callbacks(&before, &["proxy_on_delete".to_owned()]).unwrap();
        assert_eq!(after, module(&["memory", "proxy_on_vm_start", "proxy_on_delete"]));
    }

    #[test]
    fn what_is_no_module_is_an_error() {
        assert!(keep_callbacks(b"text", &[]).is_err());
        let whole = module(&["memory"]);
        for length in HEADER.len() + 1..whole.len() {
            // A cut right behind the custom section leaves a whole module.
            let cut = keep_callbacks(&whole[..length], &[]);
            assert!(cut.is_err() || length == HEADER.len() + 5, "{length}");
        }
    }

    #[test]
    fn numbers_survive() {
        for number in [0, 1, 127, 128, 300, 70_000, 0xffff_ffff] {
            let mut bytes = Vec::new();
            push_number(&mut bytes, number);
            assert_eq!(Reader(&bytes).number().unwrap(), number);
        }
    }
}
