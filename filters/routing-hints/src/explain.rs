//! What an authorised caller is told about his request.
//!
//! One entry for each rule that applied, e.g.
//! `canary: variant=v2 by=key hash=b32ed3a8e2f59a1b bucket=699932 share=100000 threshold=32071`.
//! Bucket, share and threshold are millionths: the user has the variant for any share of it from the
//! threshold up.

use crate::hex;
use crate::settings::RuleSettings;
use crate::split::{KnownBy, Lot, Split, User};
use filter_api::UnixTime;

/// The request header that asks, with the value `1`, and the response header that answers.
pub(crate) const HEADER: &str = "x-route-explain";

/// A rule wrote what it sets.
pub(crate) fn applied(told: &mut String, rule: &RuleSettings) {
    begin(told, rule);
    told.push_str(" set");
}

/// A user got his lot.
pub(crate) fn split(
    told: &mut String,
    rule: &RuleSettings,
    split: &Split,
    user: &User<'_>,
    (position, lot, now): (u64, Lot, UnixTime),
) {
    begin(told, rule);
    let (outcome, variant) = match lot {
        Lot::Variant(variant) => ("", Some(variant)),
        Lot::Diverted(variant) => (" diverted", Some(variant)),
        Lot::Overridden(variant) => (" overridden", Some(variant)),
        Lot::HeldOut => (" held-out", None),
        Lot::OutsideLayer => (" outside-layer", None),
        Lot::Nothing => (" no-variant", None),
    };
    told.push_str(outcome);
    if let Some(variant) = variant.and_then(|variant| split.variants.get(variant)) {
        told.push_str(" variant=");
        told.push_str(&variant.name);
    }
    told.push_str(match user.known_by {
        KnownBy::Key => " by=key",
        KnownBy::Cookie(_) => " by=cookie",
        KnownBy::New(_) => " by=new-cookie",
        KnownBy::Chance => " by=chance",
    });
    told.push_str(" hash=");
    told.extend(hex::digits(position).map(char::from));
    let bucket = (u128::from(position) * 1_000_000) >> 64;
    number(told, " bucket=", bucket as u64);
    if let (Lot::Variant(variant), shares) = (lot, split.shares(now, 0)) {
        let choice = shares.explain(variant, position);
        number(told, " share=", choice.share);
        number(told, " threshold=", choice.threshold);
    }
}

fn begin(told: &mut String, rule: &RuleSettings) {
    if !told.is_empty() {
        told.push_str(", ");
    }
    told.push_str(&rule.name);
    told.push(':');
    if rule.is_shadow {
        told.push_str(" shadow");
    }
}

fn number(told: &mut String, name: &str, number: u64) {
    told.push_str(name);
    told.push_str(&number.to_string());
}
