//! Mixer: rules that send instances to handlers. What `memquota`, `redisquota`, `denier` and
//! `listchecker` did is ours; the rest is named.

mod denier;
mod expression;
mod list;
mod quota;
mod select;

use super::plan::{At, Plan, Source};

/// Kinds of handlers and instances of which translations know.
const HANDLERS: [&str; 6] =
    ["memquota", "redisquota", "denier", "listchecker", "handler", "adapter"];
const INSTANCES: [&str; 4] = ["quota", "checknothing", "listentry", "instance"];
const OTHERS: [&str; 3] = ["rule", "QuotaSpec", "QuotaSpecBinding"];

/// Whether documents of this kind are translated here.
pub(crate) fn is_one(kind: &str) -> bool {
    HANDLERS.contains(&kind) || INSTANCES.contains(&kind) || OTHERS.contains(&kind)
}

/// A handler or an instance.
pub(crate) struct Part<'s> {
    pub(crate) source: &'s Source<'s>,
    /// `memquota`, `quota` …, whichever way it is written.
    pub(crate) kind: String,
    /// Its parameters.
    pub(crate) params: At<'s>,
}

/// What a rule sends where.
pub(crate) struct Action<'s> {
    /// The rule's `match`.
    pub(crate) condition: At<'s>,
    pub(crate) rule: &'s Source<'s>,
    pub(crate) handler: &'s Part<'s>,
    pub(crate) instances: Vec<&'s Part<'s>>,
}

/// Translates all of it together.
pub(crate) fn translate(sources: &[Source<'_>], plan: &mut Plan) {
    let parts = |kinds: &[&str]| -> Vec<Part<'_>> {
        let parts = sources.iter().filter(|source| kinds.contains(&source.kind()));
        parts.map(part).collect()
    };
    let (handlers, instances) = (parts(&HANDLERS), parts(&INSTANCES));
    let mut used = Vec::new();
    for rule in sources.iter().filter(|source| source.kind() == "rule") {
        let spec = rule.root().key("spec");
        plan.leftovers(&spec, &["match", "actions"]);
        for at in spec.key("actions").items() {
            plan.leftovers(&at, &["handler", "instances", "name"]);
            let Some(action) = action(rule, &at, &handlers, &instances, plan) else { continue };
            used.push(std::ptr::from_ref(action.handler));
            carry_out(&action, sources, plan);
        }
    }
    for handler in &handlers {
        if !used.contains(&std::ptr::from_ref(handler)) {
            plan.lost(&handler.source.root(), "no rule sends anything to it, so it did nothing");
        }
    }
    // A part of a rule that is not carried goes with it, but not without a word.
    for source in sources.iter().filter(|source| is_one(source.kind())) {
        if !plan.speaks_of(source) {
            plan.lost(&source.root(), "what it belongs to is not carried");
        }
    }
}

fn part<'s>(source: &'s Source<'s>) -> Part<'s> {
    let spec = source.root().key("spec");
    let compiled = spec.text("compiledAdapter").or_else(|| spec.text("compiledTemplate"));
    match compiled {
        Some(kind) => Part { source, kind: kind.to_owned(), params: spec.key("params") },
        None => Part { source, kind: source.kind().to_owned(), params: spec },
    }
}

/// Finds what an action speaks of.
fn action<'s>(
    rule: &'s Source<'s>,
    at: &At<'s>,
    handlers: &'s [Part<'s>],
    instances: &'s [Part<'s>],
    plan: &mut Plan,
) -> Option<Action<'s>> {
    let named = |parts: &'s [Part<'s>], name: &str| parts.iter().find(|part| is_named(part, name));
    let name = at.text("handler").unwrap_or_default();
    let Some(handler) = named(handlers, name) else {
        let why =
            format!("the handler {name} is not among the documents, or of no kind that is carried");
        plan.lost(&at.key("handler"), why);
        return None;
    };
    let mut found = Vec::new();
    for (index, name) in at.key("instances").texts().into_iter().enumerate() {
        match named(instances, name) {
            Some(instance) => found.push(instance),
            None => {
                let why = format!("the instance {name} is not among the documents");
                plan.lost(&at.key("instances").index_of(index), why);
            }
        }
    }
    let condition = rule.root().key("spec").key("match");
    Some(Action { condition, rule, handler, instances: found })
}

/// `name`, `name.kind`, `name.kind.namespace` or `name.namespace`.
fn is_named(part: &Part<'_>, text: &str) -> bool {
    let (name, own) = (part.source.name(), part.source.namespace());
    let kinds = [part.kind.as_str(), part.source.kind()];
    let forms =
        kinds.iter().flat_map(|kind| [format!("{name}.{kind}"), format!("{name}.{kind}.{own}")]);
    let mut forms = forms.chain([name.to_owned(), format!("{name}.{own}")]);
    forms.any(|form| form == text)
}

fn carry_out(action: &Action<'_>, sources: &[Source<'_>], plan: &mut Plan) {
    match action.handler.kind.as_str() {
        "memquota" | "redisquota" => quota::translate(action, sources, plan),
        "denier" => denier::translate(action, plan),
        "listchecker" => list::translate(action, plan),
        kind => {
            let why = format!(
                "{kind}: gone with Mixer; Istio's Telemetry and Envoy's statistics do that"
            );
            plan.lost(&action.handler.source.root(), why);
        }
    }
}
