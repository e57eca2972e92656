//! The explanation for people.

use super::Explanation;
use super::outcome::Group;
use super::rules::Rule;
use crate::out::{Out, Paint};

/// Longest piece of a body that is shown, in characters.
const LONGEST_BODY: usize = 200;

/// The whole text.
pub(crate) fn text(explanation: &Explanation, out: Out) -> String {
    let Explanation { filter, config, summary, request, from, requests, .. } = explanation;
    let mut text = format!("{} {config}: {summary}\n", out.paint(Paint::Bold, filter));
    text.push_str(&format!("{}\nfrom {from}\n", request_line(request)));
    if *requests > 1 {
        text.push_str(&format!("\n{requests} requests\n"));
        for group in &explanation.outcomes.0 {
            text.push_str(&share(group, *requests, out));
        }
    }
    for group in &explanation.outcomes.0 {
        text.push('\n');
        text.push_str(&one(group, out));
    }
    let counters = explanation.counters.iter();
    let counters: Vec<String> = counters.map(|(name, value)| format!("{name} {value}")).collect();
    let rules: Vec<String> = explanation.rules.iter().map(|entry| rule(entry, out)).collect();
    for (label, lines) in
        [("counted", counters), ("rules", rules), ("log", explanation.log.clone())]
    {
        if !lines.is_empty() {
            text.push_str(&format!("\n{}", entry(label, &lines.join("\n"), out)));
        }
    }
    text
}

/// `GET service.example/reviews  end-user: jason`.
fn request_line(request: &[(String, String)]) -> String {
    let of = |wanted: &str| {
        let found = request.iter().find(|(name, _)| name == wanted);
        found.map(|(_, value)| value.as_str()).unwrap_or_default()
    };
    let others = request.iter().filter(|(name, _)| !name.starts_with(':'));
    let others: String = others.map(|(name, value)| format!("  {name}: {value}")).collect();
    format!("{} {}{}{others}", of(":method"), of(":authority"), of(":path")).trim_end().to_owned()
}

/// A line of the table of shares.
fn share(group: &Group, requests: u32, out: Out) -> String {
    let percent = 100.0 * f64::from(group.count) / f64::from(requests);
    format!("  {:>7} {percent:6.2} %  {}\n", group.count, headline(group, out))
}

/// `503 fault_injection.flaky.abort`.
fn headline(group: &Group, out: Out) -> String {
    let what = &group.what;
    let status = match what.status {
        Some(status) if what.upstream_called => out.paint(Paint::Green, &status.to_string()),
        Some(status) => out.paint(Paint::Yellow, &status.to_string()),
        None if what.reset => out.paint(Paint::Red, "reset"),
        None => out.paint(Paint::Red, "no answer"),
    };
    let states: String =
        what.filter_state.iter().map(|(key, value)| format!("  {key}={value}")).collect();
    format!("{status} {}{states}", what.details)
}

/// What one kind of outcome looked like to each side.
fn one(group: &Group, out: Out) -> String {
    let what = &group.what;
    let status = what.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    let reset = if what.reset { ", the stream was reset" } else { "" };
    let held = if what.held { ", held: nothing will let it go on" } else { "" };
    let (shortest, longest) = group.took_ms;
    let took = if shortest == longest {
        format!("after {shortest} ms")
    } else {
        format!("after {shortest} to {longest} ms")
    };
    let mut client = format!("{status} {took}{reset}{held}");
    for (name, value) in &group.client_headers {
        client.push_str(&format!("\n{name}: {value}"));
    }
    if !group.client_body.is_empty() {
        let body: String = group.client_body.chars().take(LONGEST_BODY).collect();
        client.push_str(&format!("\n{body}"));
    }
    let mut upstream = if what.upstream_called { "called" } else { "not called" }.to_owned();
    for (name, value) in &group.upstream_removed {
        upstream.push_str(&format!("\n- {name}: {value}"));
    }
    for (name, value) in &group.upstream_added {
        upstream.push_str(&format!("\n+ {name}: {value}"));
    }
    let mut why = format!("details {}", what.details);
    for (key, value) in &what.filter_state {
        why.push_str(&format!("\nfilter state wasm.{key} = {value}"));
    }
    [("client", client), ("upstream", upstream), ("why", why)]
        .map(|(label, text)| entry(label, &text, out))
        .concat()
}

/// A label and what belongs to it, line by line.
fn entry(label: &str, text: &str, out: Out) -> String {
    let first = out.paint(Paint::Cyan, &format!("{label:<10}"));
    let label = |index: usize| if index == 0 { first.clone() } else { " ".repeat(10) };
    text.lines().enumerate().map(|(index, line)| format!("{}{line}\n", label(index))).collect()
}

/// `flaky (envoy.yaml:70) matches uri prefix /ratings; counted aborts_injected 1`.
fn rule(rule: &Rule, out: Out) -> String {
    let name = out.paint(Paint::Bold, &rule.name);
    let mut text = format!("{name} ({})", rule.place);
    match rule.matches {
        None => {}
        Some(true) => {
            let met = rule.conditions.iter().map(|one| format!("{} {}", one.on, one.wanted));
            let met: Vec<String> = met.collect();
            let met = if met.is_empty() { "every request".to_owned() } else { met.join(", ") };
            text.push_str(&format!(" matches: {met}"));
        }
        Some(false) => {
            let unmet = rule.conditions.iter().filter(|one| !one.is_met).map(|one| {
                let found = match &one.found {
                    Some(found) => format!("is `{found}`"),
                    None => "is missing".to_owned(),
                };
                // A part of a rule of acl is about more than one thing that could be told.
                if ["from", "to", "when"].contains(&one.on.as_str()) {
                    return format!("{} {}", one.on, one.wanted);
                }
                format!("{} {found}, wanted is {}", one.on, one.wanted)
            });
            let unmet: Vec<String> = unmet.collect();
            text.push_str(&format!(" does not match: {}", unmet.join("; ")));
        }
    }
    if !rule.counted.is_empty() {
        let counted = rule.counted.iter().map(|(stat, value)| format!("{stat} {value}"));
        let counted: Vec<String> = counted.collect();
        text.push_str(&format!("; {}", out.paint(Paint::Green, &counted.join(", "))));
    }
    text
}
