//! Foreign functions: those every Envoy has that filters use, and those a test registers.

use crate::{
    bytes::{ProtoValue, proto_fields},
    status::Status,
};

/// What a foreign function answers: bytes, or a status other than Ok.
pub type ForeignResult = Result<Vec<u8>, Status>;

/// A function registered by a test, called with the argument bytes.
pub(crate) type ForeignFunction = dyn Fn(&[u8]) -> ForeignResult;

/// Keys that have an object factory in a stock Envoy; `set_envoy_filter_state` takes no other.
const FILTER_STATE_FACTORIES: &[&str] = &[
    "envoy.hashable_string",
    "envoy.network.application_protocols",
    "envoy.network.transport_socket.original_dst_address",
    "envoy.network.upstream_server_name",
    "envoy.network.upstream_subject_alt_names",
    "envoy.ratelimit.hits_addend",
    "envoy.string",
    "envoy.tcp_proxy.cluster",
    "envoy.upstream.dynamic_host",
    "envoy.upstream.dynamic_port",
];

/// `SetEnvoyFilterStateArguments`: path and value. An unknown key is `NotFound`, bytes that are no message `BadArgument`.
pub(crate) fn parse_filter_state(argument: &[u8]) -> Result<(String, Vec<u8>), Status> {
    let fields = proto_fields(argument).ok_or(Status::BadArgument)?;
    let path = string_field(&fields, 1);
    let value = bytes_field(&fields, 2).unwrap_or_default().to_vec();
    if FILTER_STATE_FACTORIES.contains(&path.as_str()) {
        Ok((path, value))
    } else {
        Err(Status::NotFound)
    }
}

/// A property's schema declared by the module.
pub(crate) struct Declared {
    pub(crate) name: String,
    pub(crate) read_only: bool,
}

/// `DeclarePropertyArguments`: name and whether it may be written once only.
pub(crate) fn parse_declared(argument: &[u8]) -> Result<Declared, Status> {
    let fields = proto_fields(argument).ok_or(Status::BadArgument)?;
    let read_only =
        fields.iter().any(|field| matches!(field, (2, ProtoValue::Number(number)) if *number != 0));
    Ok(Declared { name: string_field(&fields, 1), read_only })
}

fn bytes_field<'a>(fields: &[(u64, ProtoValue<'a>)], number: u64) -> Option<&'a [u8]> {
    fields.iter().rev().find_map(|(field, value)| match value {
        ProtoValue::Bytes(bytes) if *field == number => Some(*bytes),
        _ => None,
    })
}

fn string_field(fields: &[(u64, ProtoValue<'_>)], number: u64) -> String {
    String::from_utf8_lossy(bytes_field(fields, number).unwrap_or_default()).into_owned()
}
