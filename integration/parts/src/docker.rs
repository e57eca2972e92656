//! A Docker engine of its own, with docker-compose.

use crate::server::Server;
use crate::tools::{Missing, program};
use anyhow::{Context as _, Result, ensure};
use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

const REMEDY: &str = "Debian and Ubuntu: apt-get install docker.io docker-compose iptables";

/// A Docker engine, on a socket and with a folder of its own; it changes no firewall rule of the machine.
#[derive(Debug)]
pub struct Docker {
    server: Server,
    docker: PathBuf,
    compose: PathBuf,
    host: String,
}

impl Docker {
    /// Starts one.
    ///
    /// # Errors
    /// [`Missing`] where there is no engine, no docker-compose, or the process is not root's; it does not
    /// start.
    pub fn start() -> Result<Self> {
        let [engine, docker, compose] =
            ["dockerd", "docker", "docker-compose"].map(|name| program(name, REMEDY));
        let engine = engine?;
        // The engine's names in containers are rules of their network.
        program("iptables", REMEDY)?;
        if fs::metadata("/proc/self").context("/proc")?.uid() != 0 {
            let (part, remedy) = ("root", "a Docker engine is started by root");
            return Err(Missing { part: part.to_owned(), remedy: remedy.to_owned() }.into());
        }
        let server = Server::new("docker")?;
        let host = format!("unix://{}", server.home().join("socket").display());
        let mut this = Self { server, docker: docker?, compose: compose?, host };
        let home = this.server.home().to_owned();
        let mut command = Command::new(engine);
        for (flag, file) in [("--data-root", "data"), ("--exec-root", "exec"), ("--pidfile", "pid")]
        {
            command.arg(flag).arg(home.join(file));
        }
        command.args(["--host", &this.host, "--bridge=none"]);
        command.args(["--iptables=false", "--ip-forward=false", "--ip-masq=false"]);
        let mut ask = Command::new(&this.docker);
        ask.args(["--host", &this.host, "version"]);
        let is_ready = move || ask.output().is_ok_and(|output| output.status.success());
        this.server.start_until(&mut command, Duration::from_secs(60), is_ready)?;
        Ok(this)
    }

    /// What a command of `docker` says.
    ///
    /// # Errors
    /// It fails; what it said is part of the error.
    pub fn docker(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.docker);
        said(command.args(["--host", &self.host]).args(arguments))
    }

    /// What a command of docker-compose says: in the folder of this file, with these variables.
    ///
    /// # Errors
    /// As [`Docker::docker`].
    pub fn compose(
        &self,
        file: &Path,
        variables: &[(&str, String)],
        arguments: &[&str],
    ) -> Result<String> {
        let mut command = Command::new(&self.compose);
        command.arg("--file").arg(file).args(arguments);
        command.env("DOCKER_HOST", &self.host).envs(variables.iter().cloned());
        // The engine has no daemon for the newer way to build.
        said(command.env("DOCKER_BUILDKIT", "0").env("COMPOSE_DOCKER_CLI_BUILD", "0"))
    }

    /// Makes an image of a root file system. `changes` are lines of a Dockerfile.
    ///
    /// # Errors
    /// There is no `tar`, or the engine refuses it.
    pub fn import(&self, name: &str, root: &Path, changes: &[&str]) -> Result<()> {
        let archive = self.server.home().join("root.tar");
        let mut tar = Command::new(program("tar", "it is part of every Linux")?);
        said(tar.arg("-C").arg(root).arg("-cf").arg(&archive).arg("."))?;
        let archive_path = archive.to_string_lossy();
        let changes = changes.iter().flat_map(|change| ["--change", change]);
        let arguments: Vec<&str> =
            ["import"].into_iter().chain(changes).chain([&*archive_path, name]).collect();
        self.docker(&arguments).with_context(|| name.to_owned())?;
        Ok(fs::remove_file(archive)?)
    }
}

impl Drop for Docker {
    fn drop(&mut self) {
        // A container is a process of its own, which would go on; and the engine's helper ends with it only
        // if it is asked to.
        let left = self.docker(&["ps", "--all", "--quiet"]).unwrap_or_default();
        let left: Vec<&str> = left.split_whitespace().collect();
        if !left.is_empty() {
            let _ = self.docker(&[["rm", "--force"].as_slice(), &left].concat());
        }
        self.server.ask_to_end(Duration::from_secs(20));
    }
}

fn said(command: &mut Command) -> Result<String> {
    let name = command.get_program().to_string_lossy().into_owned();
    let output = command.output().with_context(|| format!("running {name}"))?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let all = || format!("{}{}", text(&output.stdout), text(&output.stderr));
    ensure!(output.status.success(), "{name} ended with {}:\n{}", output.status, all());
    Ok(text(&output.stdout))
}
