//! The command line.

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use std::path::PathBuf;

/// Checks, explains and translates configurations of the Ballast filters; starts new filters.
///
/// The filters are WebAssembly modules for stock Envoy. This tool contains them, and loads
/// configurations with the same code as they do.
#[derive(Debug, Parser)]
#[command(name = "ballast", version, propagate_version = true, max_term_width = 100)]
#[command(
    after_help = "Exit status: 0 all is well, 1 something was found, 2 the command could not be carried out."
)]
pub(crate) struct Cli {
    #[command(subcommand)]
    pub(crate) command: Command,

    /// How to write
    #[arg(long, global = true, value_enum, default_value_t, value_name = "FORMAT")]
    pub(crate) output: Output,

    /// When to use colours: `auto` is on a terminal, unless NO_COLOR is set
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    pub(crate) color: Color,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Output {
    /// For people
    #[default]
    Text,
    /// For programs: one JSON object
    Json,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Color {
    #[default]
    Auto,
    Always,
    Never,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Check(Check),
    Explain(Box<Explain>),
    Translate(Translate),
    Schema(Schema),
    #[command(name = "new-filter")]
    NewFilter(NewFilter),
    Completions(Completions),
    Man(Man),
}

/// Load every configuration in the files as the module would, and say what is wrong and where
///
/// Takes configurations by themselves (JSON or YAML), Envoy's own configuration, EnvoyFilter,
/// WasmPlugin, TrafficExtension and EnvoyExtensionPolicy. Whatever else a file holds is passed over;
/// if no file holds a configuration of ours, that is an error.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ballast check envoy.yaml
  ballast check --strict --output json k8s/*.yaml
  kubectl get envoyfilters -A -o yaml | ballast check -

Every line is FILE:LINE:COLUMN: error|warning|ok: FILTER: MESSAGE.")]
pub(crate) struct Check {
    /// Files; `-` is the standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,

    /// Whose configuration a file without any envelope is; found out by itself where its fields tell
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,

    /// Warnings count as errors
    #[arg(long)]
    pub(crate) strict: bool,
}

/// Say what a configuration does to a request, which rule did it, and why the others did not
///
/// Sends the request through the very module that Envoy loads, on virtual time: a delay of seven
/// seconds is over at once. The upstream answers 200 with the body `upstream`.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ballast explain --config envoy.yaml --request 'GET /reviews/1' -H 'end-user: jason'
  ballast explain --filter acl --config acl.yaml --request 'GET /admin' --from spiffe://cluster.local/ns/shop/sa/cart
  ballast explain --config faults.yaml --request 'GET /ratings' -H 'end-user: user-{n}' --times 1000")]
pub(crate) struct Explain {
    /// A configuration by itself, or any file that holds one, as for `check`; `-` is the standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) config: String,

    /// Which filter's configuration, where the file holds several or does not tell
    #[arg(long, value_name = "FILTER")]
    pub(crate) filter: Option<String>,

    /// The configuration at this line, where the file holds several of the filter: as `check` tells it
    #[arg(long, value_name = "LINE")]
    pub(crate) line: Option<usize>,

    /// Method and path
    #[arg(long, value_name = "REQUEST", default_value = "GET /")]
    pub(crate) request: String,

    /// A header, `NAME: VALUE`; `{n}` in a value is the number of the request, from 0
    #[arg(short = 'H', long = "header", value_name = "HEADER")]
    pub(crate) headers: Vec<String>,

    /// The host that the request is for
    #[arg(long, value_name = "HOST", default_value = "service.example")]
    pub(crate) authority: String,

    /// The client's identity, from its verified certificate
    #[arg(long, value_name = "SPIFFE_ID")]
    pub(crate) from: Option<String>,

    /// The client's address, as Envoy has it after X-Forwarded-For
    #[arg(long, value_name = "IP", default_value = "127.0.0.1")]
    pub(crate) address: std::net::IpAddr,

    /// A label of the client's workload, as Istio's peer metadata tells it: `app=customer`
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) source_label: Vec<String>,

    /// A label of the proxy's own workload
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) label: Vec<String>,

    /// Any other attribute of Envoy's, by its dotted path, as text: `connection.requested_server_name=a.example`
    #[arg(long, value_name = "PATH=TEXT")]
    pub(crate) attribute: Vec<String>,

    /// How often the request is sent
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) times: u32,

    /// How much time passes between two requests, e.g. `100ms`
    #[arg(long, value_name = "DURATION", default_value = "0s")]
    pub(crate) every: String,

    /// The time of day at the first request, e.g. `2026-12-01T00:00:00Z`; by default it is now
    #[arg(long, value_name = "TIME")]
    pub(crate) at: Option<String>,

    /// The status of the upstream's answer
    #[arg(long, value_name = "STATUS", default_value_t = 200, value_parser = clap::value_parser!(u16).range(200..=599))]
    pub(crate) upstream: u16,

    /// What chance begins with: the same seed gives the same answers
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    pub(crate) seed: u64,

    /// Another build of the filter's module than the one in this tool
    #[arg(long, value_name = "FILE")]
    pub(crate) module: Option<PathBuf>,
}

/// Turn Istio's and Mixer's documents of any age into configurations of ours and documents of today
///
/// Takes VirtualService, RouteRule, DestinationRule, DestinationPolicy, EgressRule, AuthorizationPolicy;
/// Mixer's rule, memquota, redisquota, denier, listchecker, QuotaSpec and QuotaSpecBinding; and passes on
/// what stock Istio serves as it is. Give it all documents that speak of each other together.
///
/// For every part of them it says on the standard error what became of it: carried by a filter, served by
/// stock Istio or Envoy, or lost, with the feature that does it today. Exit status 1: something was lost.
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ballast translate bookinfo/*.yaml > today.yaml
  ballast translate --format config routerule.yaml
  ballast translate --dir today/ mixer.yaml && ballast check today/*.yaml")]
pub(crate) struct Translate {
    /// Files; `-` is the standard input
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<String>,

    /// What to write
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,

    /// Where the proxies find the modules
    #[arg(long, value_name = "DIR", default_value = "/var/lib/ballast")]
    pub(crate) modules: String,

    /// Write a file per document into this directory, and say their names
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// EnvoyFilters with our filters, and the documents that stay with Istio
    #[default]
    Istio,
    /// The filters' configurations alone, for plain Envoy
    Config,
}

/// Print the JSON schema of a filter's configuration, for editors; without a name, list the filters
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  ballast schema fault_injection > fault_injection.schema.json")]
pub(crate) struct Schema {
    /// E.g. `fault_injection`
    pub(crate) filter: Option<String>,
}

/// Make the folder of a new filter that builds, passes its tests and runs at once
///
/// Writes filters/NAME and envoy-configs/NAME.yaml, and the lines that list all filters. The filter
/// adds a header to the requests that a rule selects: replace that with what yours is for.
#[derive(Args, Debug)]
#[command(
    name = "new-filter",
    after_help = "Example:\n  ballast new-filter request-stamp && make check"
)]
pub(crate) struct NewFilter {
    /// Lower-case words with hyphens, e.g. `request-stamp`
    pub(crate) name: String,

    /// What it is for, in a line
    #[arg(long, value_name = "TEXT")]
    pub(crate) description: Option<String>,

    /// The checkout; by default the one around the current directory
    #[arg(long, value_name = "DIR")]
    pub(crate) root: Option<PathBuf>,
}

/// Print a shell's completions
#[derive(Args, Debug)]
#[command(after_help = "\
Examples:
  ballast completions bash > ~/.local/share/bash-completion/completions/ballast
  ballast completions zsh > \"${fpath[1]}/_ballast\"
  ballast completions fish > ~/.config/fish/completions/ballast.fish")]
pub(crate) struct Completions {
    /// The shell
    #[arg(value_enum)]
    pub(crate) shell: Shell,
}

/// Print the manual page, or write all of them into a directory
#[derive(Args, Debug)]
#[command(
    after_help = "Examples:\n  ballast man | man -l -\n  ballast man --dir ~/.local/share/man/man1"
)]
pub(crate) struct Man {
    /// The command whose page is printed; without it, that of `ballast`
    #[arg(conflicts_with = "dir")]
    pub(crate) command: Option<String>,

    /// Write the pages of `ballast` and of every command here
    #[arg(long, value_name = "DIR")]
    pub(crate) dir: Option<PathBuf>,
}
