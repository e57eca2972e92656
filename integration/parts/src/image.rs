//! Root file systems of images, made of what this machine has.

use crate::tools::program;
use anyhow::{Context as _, Result};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// A folder that becomes the root of containers.
#[derive(Debug)]
pub struct Root {
    folder: PathBuf,
}

impl Root {
    /// An empty one with a `/tmp`, in a folder that is made anew.
    ///
    /// # Errors
    /// The folder cannot be written.
    pub fn new(folder: &Path) -> Result<Self> {
        if folder.exists() {
            fs::remove_dir_all(folder).with_context(|| folder.display().to_string())?;
        }
        let tmp = folder.join("tmp");
        fs::create_dir_all(&tmp).with_context(|| folder.display().to_string())?;
        fs::set_permissions(tmp, fs::Permissions::from_mode(0o1777))?;
        Ok(Self { folder: folder.to_owned() })
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Copies a file to `place`, and the libraries that it is linked to.
    ///
    /// # Errors
    /// There is no such file, or it cannot be copied.
    pub fn binary(&self, file: &Path, place: &str) -> Result<()> {
        self.file(file, place)?;
        self.libraries(file)
    }

    /// Copies programs of this machine's `PATH` into `/usr/bin`, with their libraries.
    ///
    /// # Errors
    /// [`Missing`](crate::Missing) where there is none of that name.
    pub fn programs(&self, names: &[&str], remedy: &str) -> Result<()> {
        names
            .iter()
            .try_for_each(|name| self.binary(&program(name, remedy)?, &format!("usr/bin/{name}")))
    }

    /// Copies a file to `place`.
    ///
    /// # Errors
    /// There is no such file, or it cannot be copied.
    pub fn file(&self, file: &Path, place: &str) -> Result<()> {
        let place = self.folder.join(place.trim_start_matches('/'));
        fs::create_dir_all(place.parent().unwrap_or(&self.folder))?;
        fs::copy(file, &place).with_context(|| format!("copying {}", file.display()))?;
        Ok(())
    }

    /// Copies what is in a folder to the same place, and the libraries that its libraries are linked to; all
    /// but names that `but` is true of.
    ///
    /// # Errors
    /// It cannot be read or copied.
    pub fn tree(&self, folder: &Path, but: &dyn Fn(&str) -> bool) -> Result<()> {
        let entries = fs::read_dir(folder);
        for entry in entries.with_context(|| format!("listing {}", folder.display()))? {
            let entry = entry?;
            let (path, name) = (entry.path(), entry.file_name());
            let name = name.to_string_lossy();
            // A link to nothing is there in some packages.
            let Ok(target) = fs::metadata(&path) else { continue };
            if but(&name) {
                continue;
            }
            if target.is_dir() {
                self.tree(&path, but)?;
            } else {
                self.file(&path, &path.to_string_lossy())?;
                if name.contains(".so") || name == "java" {
                    self.libraries(&path)?;
                }
            }
        }
        Ok(())
    }

    /// Copies the libraries that a binary is linked to, to the places where it looks for them.
    fn libraries(&self, binary: &Path) -> Result<()> {
        let ldd = program("ldd", "it is part of glibc")?;
        let output = Command::new(ldd).arg(binary).output().context("running ldd")?;
        // It fails for what is linked statically, which needs none.
        let text = String::from_utf8_lossy(&output.stdout);
        for word in text.split_whitespace().filter(|word| word.starts_with('/')) {
            let library = Path::new(word.trim_end_matches(':'));
            if library.is_file() && !self.folder.join(word.trim_start_matches('/')).exists() {
                self.file(library, word)?;
            }
        }
        Ok(())
    }
}
