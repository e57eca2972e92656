//! `memquota` and `redisquota`: quotas of `rate_limit_quota`.

use super::expression::value;
use super::select::{http_match, select, string_match};
use super::{Action, Part};
use crate::translate::fault::duration;
use crate::translate::placement::{Context, Placement, ROOT};
use crate::translate::plan::{At, Plan, Source, rule_name};
use serde_json::{Map, Value, json};

const FILTER: &str = "rate_limit_quota";

/// A charge of a `QuotaSpec`, and the services that it is bound to.
struct Charge<'s> {
    at: At<'s>,
    amount: u64,
    /// Entries of `match` in our words.
    matches: Vec<Value>,
    placements: Vec<Placement>,
}

/// Translates an action.
pub(crate) fn translate(action: &Action<'_>, sources: &[Source<'_>], plan: &mut Plan) {
    let source = action.handler.source;
    let namespace = action.rule.namespace();
    let Some(selected) = select(FILTER, namespace, &action.condition, plan) else { return };
    let conditions = match http_match(&selected.clauses) {
        Ok(conditions) => conditions,
        Err(attribute) => {
            let why = format!(
                "a quota's `match` is about requests: {attribute} can be a dimension, \
                               with an override for the value"
            );
            plan.lost(&action.condition, why);
            return;
        }
    };
    let params = &action.handler.params;
    let known = ["quotas", "minDeduplicationDuration", "redisServerUrl", "connectionPoolSize"];
    plan.leftovers(params, &known);
    if let Some(at) = params.get("minDeduplicationDuration") {
        plan.lost(
            &at,
            "rate_limit_quota's `deduplication` does it, by x-request-id; it is off by default",
        );
    }
    for at in ["redisServerUrl", "connectionPoolSize"].iter().filter_map(|field| params.get(field))
    {
        let why = "each proxy counts by itself; `global` of rate_limit_quota shares a quota through \
                   Envoy's RateLimitService and Redis";
        plan.lost(&at, why);
    }
    for instance in &action.instances {
        let Some(quota) = params
            .key("quotas")
            .items()
            .into_iter()
            .find(|quota| quota.text("name").is_some_and(|name| names(instance, name)))
        else {
            plan.lost(&instance.source.root(), "the handler has no quota of this name");
            continue;
        };
        let charges = charges(instance, sources, plan);
        let quota = self::quota(&quota, instance, action.handler, plan);
        put(&quota, instance, &charges, &selected.placement, &conditions, plan);
        plan.carried(&action.rule.root(), format!("{FILTER} quota {}", instance.source.name()));
    }
    plan.carried(&source.root(), format!("{FILTER}: every proxy counts for itself"));
}

/// `requestcount.quota.istio-system`, `requestcount.quota`, `requestcount.instance.…`.
fn names(instance: &Part<'_>, text: &str) -> bool {
    let (name, namespace) = (instance.source.name(), instance.source.namespace());
    let kinds = [instance.kind.as_str(), instance.source.kind()];
    let forms = kinds
        .iter()
        .flat_map(|kind| [format!("{name}.{kind}"), format!("{name}.{kind}.{namespace}")]);
    text == name || forms.into_iter().any(|form| form == text)
}

/// The quota itself, without where it holds.
fn quota(
    at: &At<'_>,
    instance: &Part<'_>,
    handler: &Part<'_>,
    plan: &mut Plan,
) -> Map<String, Value> {
    let known =
        ["name", "maxAmount", "validDuration", "overrides", "bucketDuration", "rateLimitAlgorithm"];
    plan.leftovers(at, &known);
    if let Some(bucket) = at.get("bucketDuration") {
        plan.carried(
            &bucket,
            "not needed: ROLLING_WINDOW has its own steps, a sixtieth of the time",
        );
    }
    let mut quota = Map::from_iter([("name".to_owned(), json!(rule_name(instance.source.name())))]);
    quota.insert("maxAmount".to_owned(), amount(at));
    let algorithm = match (at.text("validDuration"), at.text("rateLimitAlgorithm")) {
        (None | Some("0s"), _) => "CONCURRENCY",
        (_, Some("ROLLING_WINDOW")) => "ROLLING_WINDOW",
        (_, None) if handler.kind == "memquota" => "ROLLING_WINDOW",
        _ => "FIXED_WINDOW",
    };
    if let Some(time) = at.text("validDuration").filter(|time| *time != "0s") {
        quota.insert("validDuration".to_owned(), json!(duration(time)));
    }
    quota.insert("algorithm".to_owned(), json!(algorithm));
    let dimensions = dimensions(instance, plan);
    let mut overrides = Vec::new();
    for (index, at) in at.key("overrides").items().into_iter().enumerate() {
        overrides.extend(override_of(&at, index, &dimensions, plan));
    }
    if !dimensions.is_empty() {
        quota.insert("dimensions".to_owned(), Value::Object(dimensions));
    }
    if !overrides.is_empty() {
        quota.insert("overrides".to_owned(), Value::Array(overrides));
    }
    plan.carried(at, format!("{FILTER} quota {}, {algorithm}", instance.source.name()));
    quota
}

fn amount(at: &At<'_>) -> Value {
    let amount = &at.key("maxAmount");
    let number = amount.value.as_u64().or_else(|| amount.value.as_str()?.parse().ok());
    json!(number.unwrap_or_default())
}

/// The instance's dimensions, as far as Envoy has the attributes.
fn dimensions(instance: &Part<'_>, plan: &mut Plan) -> Map<String, Value> {
    let mut dimensions = Map::new();
    plan.leftovers(&instance.params, &["dimensions"]);
    for (name, at) in instance.params.key("dimensions").entries() {
        let (expression, unknown) = value(at.value.as_str().unwrap_or_default());
        let missing = unknown.join(", ");
        match expression {
            Some(expression) => {
                dimensions.insert(name.to_owned(), json!(expression));
                let more = if missing.is_empty() {
                    String::new()
                } else {
                    format!("; left out: Envoy has no {missing}")
                };
                if missing.is_empty() {
                    plan.carried(&at, format!("dimension {name}"));
                } else {
                    plan.lost(&at, format!("dimension {name}{more}"));
                }
            }
            None => {
                plan.lost(&at, format!("no such dimension: Envoy tells a module none of {missing}"))
            }
        }
    }
    dimensions
}

/// An override; one on a dimension that is not there would be one for everybody, so it is none.
fn override_of(
    at: &At<'_>,
    index: usize,
    dimensions: &Map<String, Value>,
    plan: &mut Plan,
) -> Option<Value> {
    plan.leftovers(at, &["dimensions", "maxAmount", "validDuration"]);
    let wanted = at.key("dimensions");
    if let Some((name, at)) =
        wanted.entries().iter().find(|(name, _)| !dimensions.contains_key(*name))
    {
        plan.lost(at, format!("the quota has no dimension {name}: this override does nothing"));
        return None;
    }
    let mut own = Map::new();
    if !wanted.value.is_null() {
        own.insert("dimensions".to_owned(), wanted.value.clone());
    }
    own.insert("maxAmount".to_owned(), amount(at));
    if let Some(time) = at.text("validDuration") {
        own.insert("validDuration".to_owned(), json!(duration(time)));
    }
    plan.carried(at, format!("override {index}"));
    Some(Value::Object(own))
}

/// What `QuotaSpec`s charge of an instance, and where `QuotaSpecBinding`s put them.
fn charges<'s>(instance: &Part<'_>, sources: &'s [Source<'s>], plan: &mut Plan) -> Vec<Charge<'s>> {
    let mut charges = Vec::new();
    for spec in sources.iter().filter(|source| source.kind() == "QuotaSpec") {
        let rules = spec.root().key("spec").key("rules");
        for rule in rules.items() {
            for at in rule.key("quotas").items() {
                if !at.text("quota").is_some_and(|name| names(instance, name)) {
                    continue;
                }
                let amount = at.value.get("charge").and_then(Value::as_u64).unwrap_or(1);
                let matches = clauses(&rule.key("match"), plan);
                charges.push(Charge {
                    amount,
                    matches,
                    placements: bound(spec, sources, plan),
                    at,
                });
            }
        }
    }
    charges
}

/// `match` of a `QuotaSpec`'s rule.
fn clauses(at: &At<'_>, plan: &mut Plan) -> Vec<Value> {
    let mut entries = Vec::new();
    for item in at.items() {
        let mut entry = Map::new();
        for (attribute, at) in item.key("clause").entries() {
            let field = match attribute {
                "request.path" => "uri",
                "request.method" => "method",
                "request.host" => "authority",
                _ => {
                    plan.lost(
                        &at,
                        "a quota's `match` has request.path, request.method, request.host",
                    );
                    continue;
                }
            };
            let value = if at.value.is_string() {
                string_match(at.value.as_str().unwrap_or_default())
            } else {
                at.value.clone()
            };
            entry.insert(field.to_owned(), value);
        }
        entries.push(Value::Object(entry));
    }
    entries
}

/// The services that a `QuotaSpec` is bound to.
fn bound(spec: &Source<'_>, sources: &[Source<'_>], plan: &mut Plan) -> Vec<Placement> {
    let mut placements = Vec::new();
    for binding in sources.iter().filter(|source| source.kind() == "QuotaSpecBinding") {
        let root = binding.root().key("spec");
        let is_ours = |at: &At<'_>| at.text("name") == Some(spec.name());
        if !root.key("quotaSpecs").items().iter().any(is_ours) {
            continue;
        }
        for at in root.key("services").items() {
            let namespace = at.text("namespace").unwrap_or(binding.namespace());
            let everywhere = at.text("service").is_some_and(|service| service.starts_with('*'));
            let placement = match at.text("name").filter(|_| !everywhere) {
                Some(name) => {
                    Placement::new(FILTER, namespace, Context::Inbound).with_label("app", name)
                }
                None => Placement::new(FILTER, ROOT, Context::Inbound),
            };
            plan.carried(&at, format!("EnvoyFilter {}", placement.name()));
            placements.push(placement);
        }
    }
    placements
}

/// Puts a quota where it holds.
fn put(
    quota: &Map<String, Value>,
    instance: &Part<'_>,
    charges: &[Charge<'_>],
    selected: &Placement,
    conditions: &[Value],
    plan: &mut Plan,
) {
    let root = instance.source.root();
    plan.carried(&root, format!("dimensions of {FILTER} quota {}", instance.source.name()));
    if charges.is_empty() {
        let why = format!(
            "no QuotaSpec charges it; Istio 0.x charged every request: {}",
            selected.name()
        );
        plan.carried(&root, why);
        plan.add(selected, "quotas", with(quota, conditions, 1));
    }
    for charge in charges {
        let Some(matches) = both(conditions, &charge.matches) else {
            let why =
                "the rule's `match` and this one are about the same field, which ours has once";
            plan.lost(&charge.at, why);
            continue;
        };
        plan.carried(&charge.at, format!("cost {}", charge.amount));
        if charge.placements.is_empty() {
            plan.lost(&charge.at, "no QuotaSpecBinding names this QuotaSpec, so it did nothing");
        }
        for placement in &charge.placements {
            // Labels of the rule's own match narrow it further.
            let mut placement = placement.clone();
            placement.labels.extend(selected.labels.clone());
            plan.add(&placement, "quotas", with(quota, &matches, charge.amount));
        }
    }
}

fn with(quota: &Map<String, Value>, matches: &[Value], amount: u64) -> Value {
    let mut quota = quota.clone();
    if !matches.is_empty() {
        quota.insert("match".to_owned(), Value::Array(matches.to_vec()));
    }
    if amount != 1 {
        quota.insert("cost".to_owned(), json!(format!("\"{amount}\"")));
    }
    Value::Object(quota)
}

/// Requests that meet an entry of each list; `None` where both ask for the same field.
fn both(a: &[Value], b: &[Value]) -> Option<Vec<Value>> {
    if a.is_empty() || b.is_empty() {
        return Some([a, b].concat());
    }
    let pairs = a.iter().flat_map(|one| b.iter().map(move |other| (one, other)));
    pairs.map(|(one, other)| united(one.as_object()?, other.as_object()?)).collect()
}

fn united(one: &Map<String, Value>, other: &Map<String, Value>) -> Option<Value> {
    let mut united = one.clone();
    for (field, value) in other {
        match (united.get_mut(field), value) {
            (None, _) => {
                united.insert(field.clone(), value.clone());
            }
            // Headers of different names.
            (Some(Value::Object(own)), Value::Object(more)) if field.ends_with("eaders") => {
                if more.keys().any(|name| own.contains_key(name)) {
                    return None;
                }
                own.extend(more.clone());
            }
            (Some(_), _) => return None,
        }
    }
    Some(Value::Object(united))
}
