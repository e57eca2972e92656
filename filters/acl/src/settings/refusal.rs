//! From the wire form of an answer to the refusal it makes.

use crate::config::Reply;
use crate::refusal::{Ending, Refusal};
use filter_api::ConfigError;
use filter_config::check::duration_within;
use replies::{ReplyChoice, ReplyDefaults, ReplyTemplate};
use std::time::Duration;

/// `google.rpc.Code`: the caller may not.
pub(super) const PERMISSION_DENIED: u8 = 7;

/// What is answered where the user wrote nothing.
pub(super) fn defaults(name: &str, status: u16, grpc_status: u8, text: &str) -> ReplyDefaults {
    let template = ReplyTemplate {
        details: ["acl.", name, ".denied"].concat(),
        body: text.into(),
        headers: Vec::new(),
    };
    ReplyDefaults { status, grpc_status: Some(grpc_status), template }
}

/// The refusal that stands at `reply`.
pub(super) fn refusal(
    wire: Option<&Reply>,
    defaults: &ReplyDefaults,
) -> Result<Refusal, ConfigError> {
    let none = Reply::default();
    let wire = wire.unwrap_or(&none);
    parse(wire, defaults).map_err(|error| error.within("reply"))
}

fn parse(wire: &Reply, defaults: &ReplyDefaults) -> Result<Refusal, ConfigError> {
    let tarpit = wire.tarpit.map(|time| time.get());
    if let Some(time) = tarpit {
        duration_within("tarpit", time, Duration::from_millis(1), Duration::from_secs(60))?;
    }
    let answer = replies::Reply {
        status: wire.status,
        body: wire.body.clone(),
        headers: wire.headers.clone(),
        grpc_status: wire.grpc_status,
        problem: wire.problem.clone(),
    };
    let ending = match wire.reset {
        None => Ending::Reply(ReplyChoice::from_wire(&answer, defaults, "")?),
        Some(false) => return Err(ConfigError::found("reset", "false", "true, or no such field")),
        Some(true) if answer == replies::Reply::default() => Ending::Reset,
        Some(true) => {
            let allowed = "no other field than tarpit: a reset stream has no answer";
            return Err(ConfigError::found("reset", "it beside an answer", allowed));
        }
    };
    Ok(Refusal { ending, tarpit })
}
