//! The tutorials' mesh, running locally in stock Envoy, and every scenario that they promise.
//!
//! `envoy-configs/mesh` is what one reads: the table of processes, the files of every Envoy, and what
//! each scenario changes. [`Renderer`] makes of them the files that an Envoy follows, [`Mesh`] runs the
//! processes, and [`play`] sends the traffic of a scenario and compares.

mod applications;
mod certificates;
mod compose;
mod dashboard;
mod mesh;
mod progress;
mod render;
mod rows;
mod scenario;
mod sidecar;
mod soak;
mod stage;
mod table;
mod template;
mod traffic;

pub use applications::Received;
pub use certificates::make as make_certificates;
pub use compose::{prometheus_configuration, write_files as write_compose_files};
pub use dashboard::Dashboard;
pub use mesh::{Mesh, Parts};
pub use progress::Progress;
pub use render::{FILTERS, File, Files, Renderer};
pub use rows::{numbers, play};
pub use scenario::{Scenario, Step};
pub use soak::{Soak, soak};
pub use stage::{Check, Played, Stage};
pub use table::{Door, Kind, Service, Table};
pub use template::Template;
pub use traffic::{request, traffic};
