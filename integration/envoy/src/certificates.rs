//! Certificates for tests, made by `openssl`, and the transport sockets that use them.

use crate::temp_dir::TempDir;
use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use std::fs;
use std::process::Command;

/// Days that a certificate is valid.
const DAYS: &str = "2";

/// Somebody who issues certificates.
#[derive(Debug)]
pub struct Authority {
    directory: TempDir,
    certificate: String,
}

/// A certificate and its key, in PEM.
#[derive(Clone, Debug)]
pub struct Certificate {
    chain: String,
    key: String,
}

impl Authority {
    /// A new one, whom nobody trusts yet.
    ///
    /// # Errors
    /// There is no `openssl`, or it refuses.
    pub fn new(name: &str) -> anyhow::Result<Self> {
        let directory = TempDir::new("certificates")?;
        let subject = format!("/CN={name}");
        let mut command = openssl(&directory, "req");
        command.args(["-x509", "-nodes", "-days", DAYS, "-subj", &subject]);
        command.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        run(command.args(["-keyout", "ca.key", "-out", "ca.pem"]))?;
        let certificate = fs::read_to_string(directory.path().join("ca.pem"))?;
        Ok(Self { directory, certificate })
    }

    /// Issues a certificate with these names, in openssl's words:
    /// `URI:spiffe://cluster.local/ns/a/sa/b,DNS:a.b`.
    ///
    /// # Errors
    /// `openssl` refuses.
    pub fn issue(&self, subject_alt_names: &str) -> anyhow::Result<Certificate> {
        let path = self.directory.path();
        let mut request = openssl(&self.directory, "req");
        request.args(["-nodes", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"]);
        run(request.args(["-subj", "/CN=test", "-keyout", "leaf.key", "-out", "leaf.csr"]))?;
        fs::write(path.join("names"), format!("subjectAltName={subject_alt_names}"))?;
        let mut sign = openssl(&self.directory, "x509");
        sign.args(["-req", "-days", DAYS, "-in", "leaf.csr", "-CA", "ca.pem", "-CAkey", "ca.key"]);
        run(sign.args(["-CAcreateserial", "-extfile", "names", "-out", "leaf.pem"]))?;
        Ok(Certificate {
            chain: fs::read_to_string(path.join("leaf.pem"))?,
            key: fs::read_to_string(path.join("leaf.key"))?,
        })
    }

    /// Its own certificate, in PEM.
    #[must_use]
    pub fn pem(&self) -> &str {
        &self.certificate
    }

    /// A `CertificateValidationContext` that trusts this authority.
    #[must_use]
    pub fn validation_context(&self) -> Value {
        json!({"trusted_ca": {"inline_string": self.certificate}})
    }
}

impl Certificate {
    /// The certificate, in PEM.
    #[must_use]
    pub fn chain(&self) -> &str {
        &self.chain
    }

    /// Its key, in PEM.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// A transport socket that serves with this certificate, and asks for the peer's if there is a
    /// `CertificateValidationContext`.
    #[must_use]
    pub fn downstream(&self, validation_context: Option<Value>) -> Value {
        let mut common = json!({"tls_certificates": [self.value()]});
        if let (Some(context), Some(fields)) = (validation_context, common.as_object_mut()) {
            fields.insert("validation_context".to_owned(), context);
        }
        socket("DownstreamTlsContext", &common)
    }

    fn value(&self) -> Value {
        json!({
            "certificate_chain": {"inline_string": self.chain},
            "private_key": {"inline_string": self.key},
        })
    }
}

/// A transport socket for a cluster that trusts every server and presents `certificate`.
#[must_use]
pub fn upstream_tls(certificate: Option<&Certificate>) -> Value {
    let certificates: Vec<Value> = certificate.iter().map(|one| one.value()).collect();
    socket("UpstreamTlsContext", &json!({"tls_certificates": certificates}))
}

fn socket(context: &str, common: &Value) -> Value {
    let kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.";
    json!({
        "name": "envoy.transport_sockets.tls",
        "typed_config": {"@type": format!("{kind}{context}"), "common_tls_context": common},
    })
}

fn openssl(directory: &TempDir, subcommand: &str) -> Command {
    let mut command = Command::new("openssl");
    command.arg(subcommand).current_dir(directory.path());
    command
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let output = command.output().context("cannot run openssl, which makes the certificates")?;
    ensure!(output.status.success(), "openssl: {}", String::from_utf8_lossy(&output.stderr));
    Ok(())
}
