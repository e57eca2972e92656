//! From the wire form of a ban to what it does.

use super::refusal::{PERMISSION_DENIED, defaults, refusal};
use super::rule::denier_text;
use super::{BanSettings, Scope};
use crate::ban::Ban;
use crate::config;
use crate::stats::{Tally, bans_begun};
use attributes::Expression;
use filter_api::{ConfigError, MetricRegistry};
use filter_config::check::{duration_within, whole};
use matchers::Mode;
use std::time::Duration;

const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_hours(24);
/// Every refusal that counts is remembered with its time.
const MOST_DENIALS: u32 = 100;

pub(super) fn ban(
    wire: &config::Ban,
    scope: &Scope<'_>,
    metrics: &mut dyn MetricRegistry,
) -> Result<BanSettings, ConfigError> {
    let key = Expression::parse(&wire.key).map_err(|why| ConfigError::new("key", why))?;
    let denials = whole("denials", Some(wire.denials), 1, MOST_DENIALS)?.unwrap_or(MOST_DENIALS);
    let (within, duration) = (wire.within.get(), wire.duration.get());
    duration_within("within", within, SHORTEST, LONGEST)?;
    duration_within("duration", duration, SHORTEST, LONGEST)?;
    let text = denier_text(&wire.name, scope.namespace, "Too many denials");
    Ok(BanSettings {
        name: wire.name.clone(),
        ban: Ban::new(&wire.name, key, denials as usize, within, duration),
        is_shadow: wire.mode.or(scope.mode) == Some(Mode::Shadow),
        refusal: refusal(
            wire.reply.as_ref(),
            &defaults(&wire.name, 403, PERMISSION_DENIED, &text),
        )?,
        tally: Tally::of_ban(&wire.name, metrics),
        begun: bans_begun(&wire.name, metrics),
    })
}
