//! What the configuration means: checked, compiled, ready to be asked on every request.

mod memory;

use crate::baggage::BaggagePolicy;
use crate::config::{
    Baggage, Format, Generate, ParentId, Publish, Sampling, SamplingPercentage,
    TracePropagationConfig, Tracer, Trust,
};
use crate::correlate::Memory;
use crate::format::{self, FormatSet};
use crate::generate::Sampler;
use crate::headers::{Known, Mask, NAMES, Names};
use crate::stats::{FilterStats, format_name};
use filter_api::{ConfigError, HeaderName, MetricRegistry};
use filter_config::check::{invalid_header, whole};
use matchers::{FractionalPercent, MatchTable, RequestMatcher};

#[cfg(test)]
mod tests;

/// What is read where the user names nothing.
const DEFAULT_EXTRACT: [Format; 8] = [
    Format::Tracecontext,
    Format::B3,
    Format::B3multi,
    Format::Jaeger,
    Format::Datadog,
    Format::Xray,
    Format::Gcp,
    Format::Ottrace,
];
/// What is carried along where the user names nothing.
const DEFAULT_PROPAGATE: [&str; 3] = ["x-request-id", "x-ot-span-context", "baggage"];
const DEFAULT_MEMBERS: u32 = 64;
const DEFAULT_BYTES: u32 = 8192;

/// The whole configuration.
#[derive(Debug)]
pub(crate) struct Settings {
    /// In order of precedence.
    pub(crate) extract: Vec<Format>,
    pub(crate) inject: Vec<Format>,
    /// `extract`, and what else of `inject` there is.
    pub(crate) formats: Vec<Format>,
    /// The headers of each of `formats`.
    pub(crate) masks: Vec<Mask>,
    /// The headers of all of `formats`.
    pub(crate) looked_at: Mask,
    /// `extract` and `inject` without their order.
    pub(crate) extracted: FormatSet,
    pub(crate) injected: FormatSet,
    pub(crate) propagate: Vec<HeaderName>,
    pub(crate) overwrite: Vec<HeaderName>,
    pub(crate) generate: Generate,
    /// `None` where a caller that left the decision open is left alone.
    pub(crate) sampler: Option<Sampler>,
    pub(crate) trust: Trust,
    pub(crate) tracer: Tracer,
    pub(crate) parent_id: ParentId,
    pub(crate) baggage: BaggagePolicy,
    /// `None` where the user said nothing.
    pub(crate) max_tracestate: Option<usize>,
    pub(crate) memory: Option<Memory>,
    pub(crate) publish: Vec<Publish>,
    pub(crate) names: Names,
    pub(crate) stats: FilterStats,
    /// Whether there is anything to do at all.
    pub(crate) is_active: bool,
}

// === impl Settings ===

impl Settings {
    /// Checks the configuration and defines its metrics.
    ///
    /// # Errors
    /// The first thing that is wrong, by its JSON path.
    pub(crate) fn from_wire(
        config: TracePropagationConfig,
        metrics: &mut dyn MetricRegistry,
    ) -> Result<Self, ConfigError> {
        let is_active = is_active(&config);
        let trust = config.trust.unwrap_or_default();
        let tracer = config.tracer.unwrap_or_default();
        let (extract, inject) = formats(config.extract, config.inject)?;
        let more = inject.iter().filter(|format| !extract.contains(format));
        let formats: Vec<Format> = extract.iter().chain(more).copied().collect();
        let masks: Vec<_> =
            formats.iter().map(|format| Mask::of(format::headers(*format))).collect();
        let (propagate, overwrite) = carried(config.propagate.as_deref(), &config.overwrite)?;
        // A tracer makes contexts of its own, which this filter never sees.
        let generate = match tracer {
            Tracer::Off => config.generate.unwrap_or_default(),
            _ => Generate::Never,
        };
        let longest = whole("maxTracestateBytes", config.max_tracestate_bytes, 512, 65536)?;
        let names = Names::new().map_err(|why| invalid_header("", "", why))?;
        let stats = FilterStats::define(metrics, formats.iter().copied());
        let memory = config
            .correlate
            .map(|wire| memory::from_wire(&wire, metrics).map_err(|e| e.within("correlate")));
        Ok(Self {
            sampler: config.sampling.map(|wire| sampler(&wire)).transpose()?,
            baggage: baggage(config.baggage.as_ref(), trust)?,
            memory: memory.transpose()?,
            max_tracestate: longest.map(|bytes| bytes as usize),
            parent_id: config.parent_id.unwrap_or_default(),
            publish: config.publish,
            extracted: FormatSet::of(&extract),
            injected: FormatSet::of(&inject),
            looked_at: masks.iter().copied().fold(Mask::default(), Mask::and),
            extract,
            inject,
            formats,
            masks,
            propagate,
            overwrite,
            generate,
            trust,
            tracer,
            names,
            stats,
            is_active,
        })
    }

    /// Whether a header belongs to a format that is looked at.
    pub(crate) fn is_looked_at(&self, known: Known) -> bool {
        let is_of = |format: &Format| format::headers(*format).contains(&known);
        self.formats.iter().any(is_of)
            || (known == Known::Tracestate && self.formats.contains(&Format::Tracecontext))
    }

    /// One line that says what was understood.
    pub(crate) fn summary(&self) -> String {
        if !self.is_active {
            return "nothing to do; request headers are not read".to_owned();
        }
        let mut parts = vec![
            ["extract: ", &list(&self.extract)].concat(),
            ["inject: ", &list(&self.inject)].concat(),
        ];
        let mut say = |is_so: bool, what: &str| {
            if is_so {
                parts.push(what.to_owned());
            }
        };
        say(self.trust != Trust::Continue, "callers are not trusted");
        say(self.tracer != Tracer::Off, "beside a tracer");
        say(self.tracer == Tracer::Off && self.generate == Generate::Never, "nothing is generated");
        if let Some(memory) = &self.memory {
            parts.push(memory.summary());
        }
        parts.join("; ")
    }
}

/// Whether the configuration asks for anything.
fn is_active(config: &TracePropagationConfig) -> bool {
    !config.inject.is_empty()
        || !config.publish.is_empty()
        || config.correlate.is_some()
        || config.baggage.is_some()
        || !matches!(config.trust, None | Some(Trust::Continue))
}

fn list(formats: &[Format]) -> String {
    let names: Vec<&str> = formats.iter().map(|format| format_name(*format)).collect();
    if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
}

/// What is read, and what is written.
fn formats(
    extract: Option<Vec<Format>>,
    inject: Vec<Format>,
) -> Result<(Vec<Format>, Vec<Format>), ConfigError> {
    let extract = match extract {
        Some(formats) => unique("extract", formats)?,
        None => DEFAULT_EXTRACT.to_vec(),
    };
    let inject = unique("inject", inject)?;
    if inject.contains(&Format::Skywalking) {
        let allowed = "a format that can be written";
        return Err(ConfigError::found("inject", "`skywalking`", allowed));
    }
    Ok((extract, inject))
}

/// What is carried along, and what of it takes the place of the application's own.
fn carried(
    propagate: Option<&[String]>,
    overwrite: &[String],
) -> Result<(Vec<HeaderName>, Vec<HeaderName>), ConfigError> {
    let propagate = match propagate {
        Some(names) => header_names("propagate", names)?,
        None => header_names("propagate", &DEFAULT_PROPAGATE.map(str::to_owned))?,
    };
    let overwrite = header_names("overwrite", overwrite)?;
    if let Some(name) = overwrite.iter().find(|name| !propagate.contains(name)) {
        let found = String::from_utf8_lossy(name.as_bytes());
        let allowed = "one that propagate names";
        return Err(ConfigError::found("overwrite", format_args!("`{found}`"), allowed));
    }
    Ok((propagate, overwrite))
}

fn unique(path: &str, formats: Vec<Format>) -> Result<Vec<Format>, ConfigError> {
    let mut seen: Vec<Format> = Vec::with_capacity(formats.len());
    for format in formats {
        if seen.contains(&format) {
            let found = format_args!("`{}` twice", format_name(format)).to_string();
            return Err(ConfigError::found(path, found, "each format once"));
        }
        seen.push(format);
    }
    Ok(seen)
}

/// Names of headers that are carried along; those of the formats are anyway.
fn header_names(path: &str, names: &[String]) -> Result<Vec<HeaderName>, ConfigError> {
    let mut checked: Vec<HeaderName> = Vec::with_capacity(names.len());
    for name in names {
        let header = HeaderName::new(name).map_err(|why| invalid_header(path, name, why))?;
        let known = Known::find(header.as_bytes());
        if known.is_some_and(Known::is_context) {
            let allowed = "a header of no trace format: those are carried anyway";
            return Err(ConfigError::found(path, format_args!("`{name}`"), allowed));
        }
        if checked.contains(&header) {
            return Err(ConfigError::found(path, format_args!("`{name}` twice"), "each name once"));
        }
        checked.push(header);
    }
    Ok(checked)
}

fn share(percentage: SamplingPercentage) -> Result<FractionalPercent, ConfigError> {
    FractionalPercent::from_percent(percentage.value.get())
        .map_err(|why| ConfigError::new("value", why).within("percentage"))
}

fn sampler(wire: &Sampling) -> Result<Sampler, ConfigError> {
    let within = |error: ConfigError| error.within("sampling");
    let percentage = wire.percentage.map(share).transpose().map_err(within)?;
    let mut matchers = Vec::with_capacity(wire.rules.len());
    let mut shares = Vec::with_capacity(wire.rules.len());
    for (index, rule) in wire.rules.iter().enumerate() {
        let within = |error: ConfigError| {
            error.within(&["rules[", &index.to_string(), "]"].concat()).within("sampling")
        };
        let matches = rule.matches.as_deref().unwrap_or_default();
        matchers.push(RequestMatcher::from_wire(matches, "match").map_err(within)?);
        shares.push(share(rule.percentage).map_err(within)?);
    }
    let share = percentage.unwrap_or(FractionalPercent::ALWAYS);
    Ok(Sampler { matches: MatchTable::new(matchers), shares, share })
}

fn baggage(wire: Option<&Baggage>, trust: Trust) -> Result<BaggagePolicy, ConfigError> {
    let within = |error: ConfigError| error.within("baggage");
    let limit = |name, number, highest| whole(name, number, 1, highest).map_err(within);
    let max_members = limit("maxMembers", wire.and_then(|wire| wire.max_members), 1024)?;
    let max_bytes = limit("maxBytes", wire.and_then(|wire| wire.max_bytes), 65536)?;
    let keys = wire.and_then(|wire| wire.allow.as_deref());
    // Across a boundary of trust nothing passes that nobody asked for.
    let keys = keys.or((trust != Trust::Continue).then_some(&[][..]));
    if let Some(key) = keys.unwrap_or_default().iter().find(|key| HeaderName::new(key).is_err()) {
        // A baggage key is a token, as a header's name is.
        let allowed = "a key of letters, digits and !#$%&'*+-.^_`|~";
        return Err(within(ConfigError::found("allow", format_args!("`{key}`"), allowed)));
    }
    let allow = keys.map(|keys| keys.iter().map(|key| key.as_bytes().into()).collect());
    Ok(BaggagePolicy {
        allow,
        max_members: max_members.unwrap_or(DEFAULT_MEMBERS) as usize,
        max_bytes: max_bytes.unwrap_or(DEFAULT_BYTES) as usize,
    })
}

/// Whether a name stands for the trace id in whatever header it comes.
fn means_trace_id(name: &str) -> bool {
    const CARRIERS: [&str; 9] = [
        "traceparent",
        "b3",
        "x-b3-traceid",
        "uber-trace-id",
        "x-datadog-trace-id",
        "x-amzn-trace-id",
        "x-cloud-trace-context",
        "ot-tracer-traceid",
        "sw8",
    ];
    CARRIERS.contains(&name)
}

/// Whether a name is of a format, but tells no trace id.
fn is_no_key(name: &str) -> bool {
    !means_trace_id(name)
        && NAMES.contains(&name)
        && Known::find(name.as_bytes()).is_some_and(Known::is_context)
}
