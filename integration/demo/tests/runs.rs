//! The demo is the first thing a user sees: it has to show what it promises.

use std::path::Path;
use std::process::Command;

#[test]
fn shows_faults_and_counters_and_ends_by_itself() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    let module = root.join("target/filters/fault_injection.wasm");
    assert!(module.exists(), "{} is missing: `make build` first", module.display());
    let output =
        Command::new(env!("CARGO_BIN_EXE_demo")).args(["--seconds", "5"]).output().unwrap();
    let text = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{text}\n{}", String::from_utf8_lossy(&output.stderr));
    let last = text.rsplit("Stock Envoy on").next().unwrap();
    for counter in ["jason.delays_injected", "flaky.aborts_injected", "torn.responses_injected"] {
        assert!(last.contains(counter), "no {counter} in\n{last}");
    }
    let row = |who: &str, path: &str| {
        last.lines()
            .find(|line| line.trim_start().starts_with(who) && line.contains(path))
            .unwrap_or_else(|| panic!("no row of {who} {path} in\n{last}"))
    };
    assert!(row("anybody", "/reviews/1").contains("100 %"), "{last}");
    assert!(last.contains("curl -i http://127.0.0.1:"), "{last}");
    assert!(text.trim_end().ends_with("Envoy and the service have ended."), "{text}");
}
