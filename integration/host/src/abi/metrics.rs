//! Metrics: ids belong to the VM, values to the process.

use wasmtime::Linker;

use super::{Answer, Guest, define};
use crate::{
    process::metrics::{Metric, MetricType},
    status::Status,
    vm::state::VmState,
};

pub(super) fn link(linker: &mut Linker<VmState>) -> wasmtime::Result<()> {
    define! { linker;
        "proxy_define_metric" => define_metric, (kind: u32, name: u32, name_len: u32, id_out: u32);
        "proxy_increment_metric" => increment, (id: u32, offset: i64);
        "proxy_record_metric" => record, (id: u32, value: u64);
        "proxy_get_metric" => get, (id: u32, value_out: u32);
    }
    Ok(())
}

fn define_metric(
    guest: &mut Guest<'_>,
    kind: u32,
    name: u32,
    name_len: u32,
    id_out: u32,
) -> Answer {
    let name = guest.read(name, name_len)?;
    let metric = MetricType::from_abi(kind).ok_or(Status::BadArgument)?;
    let process = guest.process();
    process.get_mut().metrics.define(metric, &name);
    // The low two bits of an id are the type; defining a name again yields another id for the same metric.
    let ids = &mut guest.state_mut().metric_ids;
    let earlier = ids.values().filter(|(other, _)| *other == metric).count();
    let id = kind + 4 * crate::vm::size(earlier + 1);
    ids.insert(id, (metric, name));
    guest.write_u32(id_out, id)
}

/// Runs `f` on the metric with this id, or answers `absent`.
fn with<T>(
    guest: &Guest<'_>,
    id: u32,
    absent: Status,
    f: impl FnOnce(&mut Metric) -> Result<T, Status>,
) -> Result<T, Status> {
    let (kind, name) = guest.state().metric_ids.get(&id).ok_or(absent)?;
    let process = guest.process();
    let mut process = process.get_mut();
    f(process.metrics.get_mut(*kind, name).ok_or(absent)?)
}

/// Reading or incrementing an unknown id: a histogram's is refused before it is looked up.
fn absent(id: u32) -> Status {
    if MetricType::from_abi(id & 3).is_some_and(|kind| kind != MetricType::Histogram) {
        Status::NotFound
    } else {
        Status::BadArgument
    }
}

fn increment(guest: &mut Guest<'_>, id: u32, offset: i64) -> Answer {
    with(guest, id, absent(id), |metric| match metric {
        Metric::Counter(value) if offset > 0 => {
            *value = value.wrapping_add_signed(offset);
            Ok(())
        }
        Metric::Gauge(value) => {
            *value = value.wrapping_add_signed(offset);
            Ok(())
        }
        Metric::Counter(_) | Metric::Histogram(_) => Err(Status::BadArgument),
    })?;
    Ok(())
}

fn record(guest: &mut Guest<'_>, id: u32, value: u64) -> Answer {
    with(guest, id, Status::NotFound, |metric| {
        match metric {
            Metric::Counter(counter) => *counter = counter.wrapping_add(value),
            Metric::Gauge(gauge) => *gauge = value,
            Metric::Histogram(values) => values.push(value),
        }
        Ok(())
    })?;
    Ok(())
}

fn get(guest: &mut Guest<'_>, id: u32, value_out: u32) -> Answer {
    let value = with(guest, id, absent(id), |metric| match metric {
        Metric::Counter(value) | Metric::Gauge(value) => Ok(*value),
        Metric::Histogram(_) => Err(Status::BadArgument),
    })?;
    guest.write_u64(value_out, value)
}
