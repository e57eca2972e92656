//! Carries out what happens beside a verdict.

use crate::environment::Sources;
use crate::hostcalls::{self, MapType, Status};
use filter_api::{Effect, Effects, FilterState, HeaderMutation, HeaderName, HeaderPairs, Side};
use std::time::Duration;

/// The headers that a decision changes: their map, and what stood in it.
pub(crate) struct Target<'a> {
    pub(crate) side: Side,
    /// `None` where the headers were not read.
    pub(crate) snapshot: Option<HeaderPairs<'a>>,
}

impl Target<'_> {
    fn map(&self) -> MapType {
        match self.side {
            Side::Request => MapType::Request,
            Side::Response => MapType::Response,
        }
    }
}

/// Carries out `effects` where there are no headers: filter state and header changes have no place.
pub(crate) fn effects(sources: &Sources, effects: &Effects) {
    for effect in effects.as_slice() {
        match effect {
            Effect::WakeRoot(time) => wake_root(sources, *time),
            effect => {
                if let Some((what, result)) = measure(effect) {
                    tell(sources, what, result);
                }
            }
        }
    }
}

/// Remembers the soonest.
fn wake_root(sources: &Sources, time: Duration) {
    let sooner = sources.wake_root.get().map_or(time, |other| other.min(time));
    sources.wake_root.set(Some(sooner));
}

/// Carries out `effects` in a header callback, in order.
///
/// # Errors
/// The headers did not become what the decision makes of them, filter state was not set, or the route
/// cannot be found anew. The rest has been done, and the failure told.
pub(crate) fn effects_on(
    sources: &Sources,
    effects: &Effects,
    target: &Target<'_>,
) -> Result<(), Status> {
    let mut route = Route::default();
    let mut outcome = Ok(());
    for (index, effect) in effects.as_slice().iter().enumerate() {
        if let Some((what, result)) = measure(effect) {
            tell(sources, what, result);
            continue;
        }
        let (what, result) = match effect {
            Effect::Publish(FilterState { key, value }) => {
                route.is_cleared = false;
                ("setting filter state", hostcalls::set_property(key.as_str(), value.as_bytes()))
            }
            Effect::Mutate(mutation) => {
                let earlier = effects.as_slice().get(..index).unwrap_or_default();
                let written = mutate(mutation, earlier, target);
                route.is_cleared |= written == Ok(Written::Yes);
                ("changing a header", written.map(drop))
            }
            Effect::ClearRouteCache => {
                route.is_wanted = true;
                continue;
            }
            Effect::WakeRoot(time) => {
                wake_root(sources, *time);
                continue;
            }
            Effect::Count(..) | Effect::Release(_) | Effect::SetGauge(..) => continue,
        };
        tell(sources, what, result);
        outcome = outcome.and(result);
    }
    if target.side == Side::Request && route.is_wanted && !route.is_cleared {
        let cleared = hostcalls::clear_route_cache();
        tell(sources, "clearing the route cache", cleared);
        outcome = outcome.and(cleared);
    }
    outcome
}

/// Does what needs no headers: counters and gauges. `None` for any other effect.
fn measure(effect: &Effect) -> Option<(&'static str, Result<(), Status>)> {
    Some(match effect {
        Effect::Count(counter, by) => {
            let by = i64::try_from(*by).unwrap_or(i64::MAX);
            ("counting", hostcalls::increment_metric(counter.0, by))
        }
        Effect::Release(permit) => {
            ("lowering a gauge", hostcalls::increment_metric(permit.gauge().0, -1))
        }
        Effect::SetGauge(gauge, value) => {
            ("setting a gauge", hostcalls::record_metric(gauge.0, *value))
        }
        Effect::ClearRouteCache | Effect::Mutate(_) | Effect::Publish(_) | Effect::WakeRoot(_) => {
            return None;
        }
    })
}

/// Whether the route has to be found anew, and whether a written header has already done that.
#[derive(Default)]
struct Route {
    is_wanted: bool,
    /// Since filter state was last set.
    is_cleared: bool,
}

/// Whether a mutation changed anything.
#[derive(PartialEq, Eq)]
enum Written {
    No,
    Yes,
}

/// Removes `content-length`, which a changed body would contradict.
pub(crate) fn forget_length(sources: &Sources, snapshot: HeaderPairs<'_>) {
    const NAME: &[u8] = b"content-length";
    if snapshot.contains(NAME) {
        let removed = hostcalls::remove_header(MapType::Response, NAME);
        tell(sources, "removing content-length", removed);
    }
}

fn tell(sources: &Sources, what: &str, result: Result<(), Status>) {
    if let Err(status) = result {
        sources.report(what, status);
    }
}

fn mutate(
    mutation: &HeaderMutation,
    earlier: &[Effect],
    target: &Target<'_>,
) -> Result<Written, Status> {
    let map = target.map();
    let written = match mutation {
        HeaderMutation::Add(name, value) => {
            hostcalls::add_header(map, name.as_bytes(), value.as_bytes())
        }
        HeaderMutation::Remove(name) => match before(name, earlier, target) {
            Before::Absent => return Ok(Written::No),
            _ => hostcalls::remove_header(map, name.as_bytes()),
        },
        // Adding costs half of what replacing does, and writing what is there already may re-route.
        HeaderMutation::Set(name, value) => match before(name, earlier, target) {
            Before::Absent => hostcalls::add_header(map, name.as_bytes(), value.as_bytes()),
            Before::Only(present) if present == value.as_bytes() => return Ok(Written::No),
            Before::Only(_) | Before::Unknown => {
                hostcalls::replace_header(map, name.as_bytes(), value.as_bytes())
            }
        },
        HeaderMutation::SetStatus(status) => {
            hostcalls::replace_header(map, b":status", status.to_string().as_bytes())
        }
    };
    written.map(|()| Written::Yes)
}

/// What is known of a header before a mutation.
enum Before<'a> {
    Absent,
    Only(&'a [u8]),
    /// Not read, repeated, or already changed in this decision.
    Unknown,
}

fn before<'a>(name: &HeaderName, earlier: &[Effect], target: &Target<'a>) -> Before<'a> {
    let changed = earlier.iter().any(|effect| match effect {
        Effect::Mutate(mutation) => mutation.name() == Some(name),
        _ => false,
    });
    let Some(snapshot) = target.snapshot.filter(|_| !changed) else { return Before::Unknown };
    let mut values = snapshot.values(name.as_bytes());
    match (values.next(), values.next()) {
        (None, _) => Before::Absent,
        (Some(value), None) => Before::Only(value),
        (Some(_), Some(_)) => Before::Unknown,
    }
}
