//! What a cluster loads a filter by: manifests for Istio and Envoy Gateway, and container images.
//!
//! Nothing here names a filter, and nothing is written twice. A filter's configuration, its failure
//! policy and the reason for it are those of its example in `envoy-configs` ([`Source`]), which the
//! manifests take over word by word. What depends on a build (checksums, the images' digests) is not
//! committed: [`manifests`] writes it where it is asked for [`Pinned`] ones.
//!
//! Rendering is text, so that the example's comments stay with what they explain; what is rendered is
//! read back as YAML by the tests.

mod envoy_filter;
mod image;
mod layout;
mod manifest;
mod plugins;
mod source;
mod text;

pub use image::{Blob, Form, Image, sha256};
pub use layout::write_layout;
pub use manifest::{Manifest, Pinned, REGISTRY, manifests, write_changed};
pub use source::{FailurePolicy, Metadata, Plugin, Side, Source, sources, workspace_root};
