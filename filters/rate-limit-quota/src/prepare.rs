//! From a request to its claims on quotas.

use crate::config::OnMissing;
use crate::filter::QuotaFilter;
use crate::hash::{Digest, PartsHash};
use crate::key::value_for_key;
use crate::ledger::{Claim, Standing};
use crate::reply::Told;
use crate::secret::Keys;
use crate::settings::{Grade, OverrideSettings, QuotaSettings};
use crate::store::Place;
use filter_api::{Environment, RequestHead};
use std::borrow::Cow;

/// A quota that concerns a request.
#[derive(Debug)]
pub(crate) struct Entry<'a> {
    /// Its position.
    pub(crate) index: usize,
    pub(crate) quota: &'a QuotaSettings,
    pub(crate) grade: &'a Grade,
    pub(crate) override_index: Option<usize>,
    pub(crate) by_override: Option<&'a OverrideSettings>,
    /// In the order of the dimensions.
    pub(crate) values: Vec<Cow<'a, [u8]>>,
}

impl QuotaFilter {
    /// The claim of the request on the quota at `index`, or none where it lacks a dimension that must be
    /// there. `None` where it lacks one without which the quota does not concern it.
    pub(crate) fn prepare<'a>(
        &'a self,
        index: usize,
        keys: &Keys,
        request: &RequestHead<'a>,
        env: &mut dyn Environment,
    ) -> Option<(Entry<'a>, Option<Claim>)> {
        let (quota, keys) = (self.settings.quotas.get(index)?, keys.of(index)?);
        let Key { values, digest, is_denied } = key(quota, keys.names, request, env)?;
        let override_index = quota.overriding(&values);
        let (grade, by_override) = quota.grade(override_index);
        let entry = Entry { index, quota, grade, override_index, by_override, values };
        if is_denied {
            return Some((entry, None));
        }
        let (record, overflow) = keys.records(digest);
        let charge = quota.cost.of(request, env);
        let reserve = quota.reserve(request, grade);
        let mut terms = grade.terms;
        // A lease is for everybody, so those who may not use all take none.
        terms.lease = terms.lease.filter(|_| reserve == 0);
        let [bits, _] = digest.0;
        let claim = Claim {
            terms,
            place: Place::of(bits),
            record,
            overflow,
            check: if quota.response_cost.is_some() { charge.max(1) } else { charge },
            charge,
            reserve,
            is_shadow: quota.is_shadow(request, env),
            is_global: grade.global.is_some(),
            is_leased: false,
            is_settled: false,
            standing: Standing::default(),
            proposed: None,
            state: None,
            taken: None,
        };
        Some((entry, Some(claim)))
    }
}

/// The key of a request.
struct Key<'a> {
    /// In the order of the dimensions.
    values: Vec<Cow<'a, [u8]>>,
    digest: Digest,
    /// A dimension is missing that must be there.
    is_denied: bool,
}

/// The key of the request; `None` where one is missing without which the quota does not concern the request.
fn key<'a>(
    quota: &'a QuotaSettings,
    mut hash: PartsHash,
    request: &RequestHead<'a>,
    env: &mut dyn Environment,
) -> Option<Key<'a>> {
    let mut values = Vec::with_capacity(quota.dimensions.len());
    let mut is_denied = false;
    for dimension in &quota.dimensions {
        let value = dimension.expression.evaluate(request, env);
        match (value.is_none(), dimension.on_missing) {
            (true, OnMissing::Skip) => return None,
            (true, OnMissing::Deny) => is_denied = true,
            _ => {}
        }
        let value = value.unwrap_or_default();
        hash.push(&value_for_key(&value, quota.v6_length));
        values.push(value);
    }
    Some(Key { values, digest: hash.digest(), is_denied })
}

impl Entry<'_> {
    /// For headers.
    pub(crate) fn told<'t>(&'t self, standing: &'t Standing) -> Told<'t> {
        Told { name: &self.quota.name, grade: self.grade, standing }
    }

    /// Adds to a list how it fared: the quota's name, that of the override, and `what`.
    pub(crate) fn tell(&self, list: &mut String, what: &str) {
        if !list.is_empty() {
            list.push(',');
        }
        list.push_str(&self.quota.name);
        if let Some(by_override) = self.by_override {
            list.push('.');
            list.push_str(&by_override.name);
        }
        list.push_str(what);
    }

    /// The quota's name, NUL, and the key for people: `source=reviews,path=/`. NUL stands in no header.
    pub(crate) fn label(&self) -> Vec<u8> {
        let mut label = self.quota.name.clone().into_bytes();
        let mut before = b'\0';
        label.push(before);
        for (dimension, value) in self.quota.dimensions.iter().zip(&self.values) {
            if before == b',' {
                label.push(before);
            }
            before = b',';
            label.extend_from_slice(dimension.name.as_bytes());
            label.push(b'=');
            label.extend_from_slice(value);
        }
        label
    }
}
