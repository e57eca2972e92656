//! Wasm filters are described as Envoy understands them.

use std::path::{Path, PathBuf};
use std::time::Duration;
use std::{env, fs, process};

use envoy_runner::{
    Bootstrap, Client, EnvoyProcess, FailurePolicy, Launch, Listener, PluginConfiguration, Request,
    Route, StartError, Update, WasmFilter, Wheel,
};
use serde_json::json;

/// The smallest module for these tests:
///
/// ```wat
/// (module
///   (func (export "proxy_abi_version_0_2_1"))
///   (func (export "malloc") (param i32) (result i32) (i32.const 1024))
///   (func (export "proxy_on_configure") (param i32 i32) (result i32)  ;; context, size
///     (i32.lt_u (local.get 1) (i32.const 8)))
///   (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32) unreachable)
///   (memory (export "memory") 1))
/// ```
const MODULE: &[&[u8]] = &[
    b"\0asm\x01\0\0\0",
    // Types: () -> (), (i32) -> i32, (i32 i32) -> i32, (i32 i32 i32) -> i32.
    b"\x01\x16\x04\x60\0\0\x60\x01\x7f\x01\x7f\x60\x02\x7f\x7f\x01\x7f\x60\x03\x7f\x7f\x7f\x01\x7f",
    b"\x03\x05\x04\0\x01\x02\x03",
    b"\x05\x03\x01\0\x01",
    b"\x07\x5d\x05",
    b"\x17proxy_abi_version_0_2_1\0\0",
    b"\x06malloc\0\x01",
    b"\x12proxy_on_configure\0\x02",
    b"\x18proxy_on_request_headers\0\x03",
    b"\x06memory\x02\0",
    b"\x0a\x16\x04\x02\0\x0b\x05\0\x41\x80\x08\x0b\x07\0\x20\x01\x41\x08\x49\x0b\x03\0\0\x0b",
];

/// The module as a file that goes with the test.
struct ModuleFile(PathBuf);

impl ModuleFile {
    fn new(test: &str) -> anyhow::Result<Self> {
        let path = env::temp_dir().join(format!("envoy-runner-{test}-{}.wasm", process::id()));
        fs::write(&path, MODULE.concat())?;
        Ok(Self(path))
    }
}

impl Drop for ModuleFile {
    fn drop(&mut self) {
        // A file that is left behind does no harm.
        let _ = fs::remove_file(&self.0);
    }
}

fn listener(filter: WasmFilter) -> Listener {
    Listener::new("ingress")
        .filter(filter)
        .route(Route::direct_response("/off", 200, "").disable("probe"))
        .route(Route::direct_response("/", 200, ""))
}

fn filter(module: &Path, configuration: PluginConfiguration) -> WasmFilter {
    WasmFilter::new("probe", module).vm_id("vm").configuration(&configuration)
}

fn text(text: &str) -> PluginConfiguration {
    PluginConfiguration::Text(text.to_owned())
}

fn statuses(envoy: &EnvoyProcess, paths: &[&str]) -> anyhow::Result<Vec<Option<u16>>> {
    let addr = envoy.addr("ingress")?;
    paths.iter().map(|path| Ok(Client::once(addr, &Request::get(path))?.status)).collect()
}

#[test]
fn the_failure_policy_and_the_route_decide_what_a_trap_does() -> anyhow::Result<()> {
    let module = ModuleFile::new("policy")?;
    let cases = [
        (FailurePolicy::FailClosed, [Some(503), Some(503), Some(200)]),
        (FailurePolicy::FailOpen, [Some(503), Some(200), Some(200)]),
    ];
    for (policy, expected) in cases {
        let filter = filter(&module.0, text("{}")).failure_policy(policy);
        let document = Bootstrap::new().listener(listener(filter)).document();
        let envoy = Launch::new(&Wheel::default_version()?, document).start()?;
        assert_eq!(statuses(&envoy, &["/", "/", "/off"])?, expected, "{policy:?}");
    }
    Ok(())
}

#[test]
fn a_module_can_refuse_its_configuration_at_start_and_later() -> anyhow::Result<()> {
    let module = ModuleFile::new("refusal")?;
    let long = || PluginConfiguration::Struct(json!({"too": "long for it"}));
    let document = Bootstrap::new().listener(listener(filter(&module.0, long()))).document();
    let refused = |lines: &[String]| lines.iter().any(|line| line.contains("probe"));
    let static_error = Launch::new(&Wheel::default_version()?, document).start().unwrap_err();
    let bootstrap = Bootstrap::new().listener(listener(filter(&module.0, long())));
    let document = bootstrap.dynamic_listeners().document();
    let dynamic_error = Launch::new(&Wheel::default_version()?, document).start().unwrap_err();
    for error in [static_error, dynamic_error] {
        let refusal: &StartError = error.downcast_ref().unwrap();
        assert!(refused(&refusal.lines), "{error}");
    }

    let short = PluginConfiguration::Struct(json!({}));
    let accepted = listener(filter(&module.0, short));
    let document = Bootstrap::new().listener(accepted).dynamic_listeners().document();
    let mut envoy = Launch::new(&Wheel::default_version()?, document).start()?;
    let patience = Duration::from_secs(10);
    let rejected = envoy.update_listeners(&[listener(filter(&module.0, long()))], patience)?;
    let Update::Rejected(lines) = rejected else { panic!("accepted") };
    assert!(refused(&lines), "{lines:?}");
    assert_eq!(statuses(&envoy, &["/off"])?, [Some(200)]);
    let again = listener(filter(&module.0, text("{ }")));
    assert_eq!(envoy.update_listeners(&[again], patience)?, Update::Accepted);
    Ok(())
}
