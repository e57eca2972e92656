//! Carries out what happens beside a verdict.

use crate::environment::Sources;
use crate::hostcalls::{self, MapType, Status};
use filter_api::{
    Effect, Effects, FilterState, HeaderMutation, HeaderName, HeaderPairs, HeaderValue, Side,
};

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

/// Carries out `effects` in order. Outside a header callback there is no `target`: filter state and
/// header changes have no place then.
pub(crate) fn effects(sources: &Sources, effects: &Effects, target: Option<&Target<'_>>) {
    for (index, effect) in effects.as_slice().iter().enumerate() {
        let (what, result) = match effect {
            Effect::Count(counter) => ("counting", hostcalls::increment_metric(counter.0, 1)),
            Effect::Release(permit) => {
                ("lowering a gauge", hostcalls::increment_metric(permit.gauge().0, -1))
            }
            Effect::Publish(FilterState { key, value }) if target.is_some() => {
                ("setting filter state", hostcalls::set_property(key, value.as_bytes()))
            }
            Effect::Mutate(mutation) => {
                let Some(target) = target else { continue };
                let earlier = effects.as_slice().get(..index).unwrap_or_default();
                ("changing a header", mutate(mutation, earlier, target))
            }
            Effect::Publish(_) => continue,
        };
        tell(sources, what, result);
    }
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
) -> Result<(), Status> {
    match mutation {
        HeaderMutation::Add(name, value) => {
            hostcalls::add_header(target.map(), name.as_bytes(), value.as_bytes())
        }
        HeaderMutation::Remove(name) => match before(name, earlier, target) {
            Before::Absent => Ok(()),
            _ => hostcalls::remove_header(target.map(), name.as_bytes()),
        },
        HeaderMutation::Set(name, value) => set(name, value, earlier, target),
        HeaderMutation::SetStatus(status) => {
            hostcalls::replace_header(target.map(), b":status", status.to_string().as_bytes())
        }
    }
}

/// Adding costs half of what replacing does, and writing what is there already may re-route.
fn set(
    name: &HeaderName,
    value: &HeaderValue,
    earlier: &[Effect],
    target: &Target<'_>,
) -> Result<(), Status> {
    match before(name, earlier, target) {
        Before::Absent => hostcalls::add_header(target.map(), name.as_bytes(), value.as_bytes()),
        Before::Only(present) if present == value.as_bytes() => Ok(()),
        Before::Only(_) | Before::Unknown => {
            hostcalls::replace_header(target.map(), name.as_bytes(), value.as_bytes())
        }
    }
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
        Effect::Mutate(
            HeaderMutation::Add(other, _)
            | HeaderMutation::Remove(other)
            | HeaderMutation::Set(other, _),
        ) => other == name,
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
