//! Who a user is to a split, and what he gets.

use crate::cookie::{Cookie, Id};
use crate::plan::Writes;
use crate::protection::Protection;
use crate::schedule::Ramp;
use crate::stats::VariantStats;
use crate::variants::{Shares, Variants};
use attributes::Expression;
use filter_api::{Environment, HeaderName, RequestHead, UnixTime};
use matchers::FractionalPercent;
use matchers::sticky::Seed;
use std::borrow::Cow;

#[cfg(test)]
mod tests;

/// How often a new user's number is drawn so that it is of a variant that takes new users.
const DRAWS: u32 = 64;

/// A choice among variants.
#[derive(Debug)]
pub(crate) struct Split {
    pub(crate) key: Option<Expression>,
    pub(crate) cookie: Option<Cookie>,
    pub(crate) seed: Seed,
    pub(crate) variants: Vec<Variant>,
    pub(crate) weights: Variants,
    /// A variant with its share.
    pub(crate) ramp: Option<(usize, Ramp)>,
    pub(crate) bucket_header: Option<HeaderName>,
    pub(crate) overrides: Vec<Override>,
    pub(crate) holdout: Option<(Seed, FractionalPercent)>,
    pub(crate) layer: Option<Layer>,
    pub(crate) protection: Option<Protection>,
}

/// One variant.
#[derive(Debug)]
pub(crate) struct Variant {
    pub(crate) name: String,
    pub(crate) writes: Writes,
    pub(crate) stats: VariantStats,
}

/// A key, and the variant it gets.
#[derive(Clone, Debug)]
pub(crate) struct Override {
    pub(crate) key: Box<[u8]>,
    pub(crate) variant: usize,
}

/// A part of a layer.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layer {
    pub(crate) seed: Seed,
    pub(crate) from: FractionalPercent,
    pub(crate) to: FractionalPercent,
}

/// A user, as a split knows him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct User<'r> {
    pub(crate) key: Cow<'r, [u8]>,
    pub(crate) known_by: KnownBy,
}

/// Where a user's key comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum KnownBy {
    /// The `key` of the configuration.
    Key,
    /// A cookie that we issued.
    Cookie(Id),
    /// A number that we just made, for a cookie.
    New(Id),
    /// A number that nobody will see again.
    Chance,
}

/// What a user gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lot {
    /// This variant.
    Variant(usize),
    /// This variant in place of one that fails.
    Diverted(usize),
    /// This variant, because somebody said so.
    Overridden(usize),
    /// Nothing: he is of the share that is left out.
    HeldOut,
    /// Nothing: he is of another part of the layer.
    OutsideLayer,
    /// Nothing: no variant has a weight.
    Nothing,
}

impl Split {
    /// The user by the `key`, or else by the cookie; `None` where both are missing.
    pub(crate) fn known_user<'a>(
        &'a self,
        request: &RequestHead<'a>,
        env: &mut dyn Environment,
    ) -> Option<User<'a>> {
        if let Some(key) = self.key.as_ref().and_then(|key| key.evaluate(request, env)) {
            return Some(User { key, known_by: KnownBy::Key });
        }
        let id = self.cookie.as_ref()?.read(request)?;
        Some(User::of(id, KnownBy::Cookie(id)))
    }

    /// A user nobody knows. With a cookie he gets a number that is his from now on, of a variant
    /// that takes new users.
    pub(crate) fn new_user<'a>(&self, now: UnixTime, env: &mut dyn Environment) -> User<'a> {
        let number = env.random();
        if self.cookie.is_none() {
            let key = Cow::Owned(number.to_le_bytes().to_vec());
            return User { key, known_by: KnownBy::Chance };
        }
        let mut id = Id::new(number);
        let held = self.held(env);
        for _ in 0..DRAWS {
            let position = self.seed.position(&id.digits);
            let winner = self.shares(now, 0).winner(position);
            if winner.is_none_or(|winner| !is_in(held, winner)) {
                break;
            }
            id = Id::new(env.random());
        }
        User::of(id, KnownBy::New(id))
    }

    /// What the user at `position` gets. A variant that fails takes nobody new: nobody at all, where
    /// nothing tells who is new.
    pub(crate) fn lot(
        &self,
        user: &User<'_>,
        position: u64,
        now: UnixTime,
        env: &mut dyn Environment,
    ) -> Lot {
        let by_list = self.overrides.iter().find(|one| *one.key == *user.key);
        if let Some(one) = by_list.filter(|_| user.known_by == KnownBy::Key) {
            return Lot::Overridden(one.variant);
        }
        if self.holdout.is_some_and(|(seed, share)| share.draw(seed.position(&user.key))) {
            return Lot::HeldOut;
        }
        if self.layer.is_some_and(|layer| !layer.holds(&user.key)) {
            return Lot::OutsideLayer;
        }
        let Some(winner) = self.shares(now, 0).winner(position) else { return Lot::Nothing };
        let stays = matches!(user.known_by, KnownBy::Cookie(_))
            && self.protection.as_ref().is_some_and(|protection| !protection.drain);
        let held = if stays { 0 } else { self.held(env) };
        if !is_in(held, winner) {
            return Lot::Variant(winner);
        }
        // Where all others have no weight there is nowhere to go.
        let other = self.shares(now, held).winner(position);
        other.map_or(Lot::Variant(winner), Lot::Diverted)
    }

    /// The weights at `now`, without the variants that are `held`.
    pub(crate) fn shares(&self, now: UnixTime, held: u64) -> Shares<'_> {
        let mut shares = self.weights.shares();
        shares.ramp = self.ramp.map(|(variant, ramp)| (variant, ramp.share(now)));
        shares.held = held;
        shares
    }

    /// The variant of this name.
    pub(crate) fn variant(&self, name: &[u8]) -> Option<usize> {
        self.variants.iter().position(|variant| variant.name.as_bytes() == name)
    }

    /// Whether the choice depends on the time of day.
    pub(crate) fn needs_time(&self) -> bool {
        let refreshes = self.cookie.as_ref().is_some_and(|cookie| cookie.refresh_after.is_some());
        self.ramp.is_some() || refreshes
    }

    fn held(&self, env: &mut dyn Environment) -> u64 {
        self.protection.as_ref().map_or(0, |protection| protection.held(env))
    }
}

impl Lot {
    /// The variant, if it is one.
    pub(crate) fn variant(self) -> Option<usize> {
        match self {
            Self::Variant(variant) | Self::Diverted(variant) | Self::Overridden(variant) => {
                Some(variant)
            }
            Self::HeldOut | Self::OutsideLayer | Self::Nothing => None,
        }
    }
}

impl User<'_> {
    /// The user of a number.
    pub(crate) fn of(id: Id, known_by: KnownBy) -> Self {
        Self { key: Cow::Owned(id.digits.to_vec()), known_by }
    }
}

impl Layer {
    fn holds(self, key: &[u8]) -> bool {
        let position = self.seed.position(key);
        self.to.draw(position) && !self.from.draw(position)
    }
}

fn is_in(held: u64, variant: usize) -> bool {
    held >> variant & 1 == 1
}
