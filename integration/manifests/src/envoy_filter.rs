//! `EnvoyFilter`: the filter as plain Envoy has it, put into Istio's listeners.

use crate::manifest::Object;
use crate::source::{Side, Source};
use crate::text::{comment, indented};
use anyhow::Result;

/// A part of the mesh that an `EnvoyFilter` can be for.
struct Context {
    folder: &'static str,
    /// Istio's word.
    context: &'static str,
    side: Side,
    purpose: &'static str,
}

const CONTEXTS: [Context; 3] = [
    Context {
        folder: "sidecar-inbound",
        context: "SIDECAR_INBOUND",
        side: Side::Inbound,
        purpose: "on the requests that labelled workloads receive",
    },
    Context {
        folder: "sidecar-outbound",
        context: "SIDECAR_OUTBOUND",
        side: Side::Outbound,
        purpose: "on the requests that labelled workloads send",
    },
    Context {
        folder: "gateway",
        context: "GATEWAY",
        side: Side::Inbound,
        purpose: "on the requests that come in through the gateway",
    },
];

pub(crate) fn objects(source: &Source) -> Result<Vec<Object>> {
    let everywhere = CONTEXTS.iter().map(|context| {
        Ok(Object {
            folder: context.folder,
            file: "envoy-filter.yaml",
            purpose: format!("{} {}.", source.name, context.purpose),
            body: body(source, context, context.folder, false)?,
        })
    });
    everywhere.chain([per_route(source)]).collect()
}

/// Off on the gateway's listeners, on for the routes of one name.
fn per_route(source: &Source) -> Result<Object> {
    let [.., gateway] = &CONTEXTS;
    let route = route_name(source);
    let on = format!(
        "  # On for these routes. A filter that is off costs a request nothing.\n\
         \x20 - applyTo: HTTP_ROUTE\n\
         \x20   match:\n\
         \x20     context: GATEWAY\n\
         \x20     routeConfiguration: {{vhost: {{route: {{name: {route}}}}}}}\n\
         \x20   patch:\n\
         \x20     operation: MERGE\n\
         \x20     value:\n\
         \x20       typed_per_filter_config:\n\
         \x20         {name}:\n\
         \x20           \"@type\": type.googleapis.com/envoy.config.route.v3.FilterConfig\n\
         \x20           # Says only that it is on; Envoy itself takes `config: {{}}` too, istiod wants a type.\n\
         \x20           config: {{\"@type\": type.googleapis.com/google.protobuf.Empty, value: {{}}}}\n\
         \x20           is_optional: true\n",
        name = source.name,
    );
    Ok(Object {
        folder: "per-route",
        file: "envoy-filter.yaml",
        purpose: format!(
            "{} on the gateway's routes called `{route}` only: that is the `name` of an entry of \
             `http` in a VirtualService.",
            source.name
        ),
        body: body(source, gateway, "per-route", true)? + &on,
    })
}

/// The name of the routes that the example of a single route is for.
fn route_name(source: &Source) -> String {
    format!("with-{}", source.folder)
}

/// Whom it is for: those who ask for it by a label, or Istio's ingress gateway.
fn selector(source: &Source, context: &Context) -> String {
    match context.context {
        "GATEWAY" => "istio: ingressgateway".to_owned(),
        _ => format!("ballast/{}: enabled", source.folder),
    }
}

/// Of a filter that routes enable.
const OFF: &str = "        # Off, unless a route says otherwise.\n        disabled: true\n";

fn body(source: &Source, context: &Context, suffix: &str, is_off: bool) -> Result<String> {
    let Source { folder, name, .. } = source;
    let plugin = source.plugin(context.side)?;
    let labels = selector(source, context);
    let reason = comment(&plugin.reason, 12);
    let configuration = indented(&plugin.configuration, 16);
    let disabled = if is_off { OFF } else { "" };
    Ok(format!(
        r#"apiVersion: networking.istio.io/v1alpha3
kind: EnvoyFilter
metadata:
  name: {folder}-{suffix}
spec:
  workloadSelector:
    labels: {{{labels}}}
  configPatches:
  - applyTo: HTTP_FILTER
    match:
      context: {context}
      listener:
        filterChain:
          filter:
            name: envoy.filters.network.http_connection_manager
            subFilter: {{name: envoy.filters.http.router}}
    patch:
      operation: INSERT_BEFORE
      value:
        name: {name}
{disabled}        typed_config:
          "@type": type.googleapis.com/envoy.extensions.filters.http.wasm.v3.Wasm
          config:
            name: {plugin_name}
{reason}
            failure_policy: {policy}
            vm_config:
              vm_id: {name}
              runtime: envoy.wasm.runtime.v8
              code: {{local: {{filename: /var/lib/ballast/{name}.wasm}}}}
            configuration:
              "@type": type.googleapis.com/google.protobuf.Struct
              value:
{configuration}
"#,
        context = context.context,
        plugin_name = plugin.name,
        policy = plugin.failure_policy.envoy(),
    ))
}
