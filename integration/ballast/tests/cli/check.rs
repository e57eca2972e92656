//! `ballast check`.

use crate::{ballast, file, with_input};
use serde_json::Value;

#[test]
fn the_example_of_every_filter_is_well() {
    let mut filters = 0;
    for entry in std::fs::read_dir(crate::root().join("envoy-configs")).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "yaml") {
            let run = ballast(&format!("check {}", path.display()));
            assert_eq!(run.code, Some(0), "{}", run.out);
            assert!(run.out.contains(": ok: "), "{}", run.out);
            filters += 1;
        }
    }
    assert!(filters > 0);
}

/// Each file is wrong in one place: the lines say which.
#[test]
fn an_error_is_told_with_file_line_and_path() {
    for (name, line) in [
        (
            "struct.yaml",
            "struct.yaml:17:17: error: fault_injection: rules[1].fault.abort: found none, allowed is \
             exactly one of httpStatus, grpcStatus, reset, headerAbort\n",
        ),
        (
            "text.yaml",
            "text.yaml:15:31: error: fault_injection: rules[0].fault.abort.httpStatus: found 99, \
             allowed is 200 to 599\n",
        ),
        (
            "wasm-plugin.yaml",
            "wasm-plugin.yaml:10:5: error: fault_injection: ruels: found unknown field `ruels`, ",
        ),
        (
            "bare.json",
            "bare.json:4:22: error: fault_injection: rules[0].fault.delay.percentage: missing",
        ),
        ("broken.yaml", "broken.yaml:3:1: error: did not find expected ',' or ']'"),
    ] {
        let run = ballast(&format!("check {}", file(name)));
        assert_eq!(run.code, Some(1), "{}", run.out);
        assert!(run.out.contains(&format!("/{line}")), "{name}: {}", run.out);
        assert!(run.out.contains(" 1 error, 0 warnings\n"), "{}", run.out);
    }
}

#[test]
fn several_files_are_one_report() {
    let files =
        format!("{} {} envoy-configs/fault-injection.yaml", file("struct.yaml"), file("text.yaml"));
    let run = ballast(&format!("check --output json {files}"));
    assert_eq!(run.code, Some(1));
    let report: Value = serde_json::from_str(&run.out).unwrap();
    assert_eq!((&report["configurations"], &report["errors"]), (&3.into(), &2.into()));
    let first = &report["findings"][0];
    assert_eq!(first["line"], 17);
    assert_eq!(first["path"], "rules[1].fault.abort");
    assert_eq!(first["filter"], "fault_injection");
    assert_eq!(report["findings"][2]["severity"], "ok");
}

#[test]
fn a_configuration_without_an_envelope_is_read_from_the_standard_input() {
    let config = "rules: [{name: r, fault: {abort: {httpStatus: 503, percent: 1}}}]";
    let run = with_input(&["check", "-"], config);
    assert_eq!(
        (run.code, run.out.as_str()),
        (
            Some(0),
            "<stdin>:1:1: ok: fault_injection: configuration: rules: r (abort); request headers are not read\n1 configuration, 0 errors, 0 warnings\n"
        )
    );
    // Nothing tells whose it is.
    assert_eq!(with_input(&["check", "-"], "{}").code, Some(1));
    assert_eq!(with_input(&["check", "--filter", "fault-injection", "-"], "{}").code, Some(0));
}

#[test]
fn nothing_to_check_is_an_error_and_so_is_a_file_that_is_not_there() {
    let none = with_input(&["check", "-"], "apiVersion: v1\nkind: Service\n");
    assert_eq!(none.code, Some(1));
    assert!(none.out.contains("error: no configuration of ours"), "{}", none.out);
    let missing = ballast("check no-such-file.yaml");
    assert_eq!(missing.code, Some(2));
    assert!(missing.err.contains("reading no-such-file.yaml"), "{}", missing.err);
}
