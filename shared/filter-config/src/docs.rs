//! What the wire types say, for people and editors: JSON schema, Markdown tables, and the checks
//! that keep both equal to what is committed. For tests; no module carries it.

mod anchors;
mod files;
mod schema;
mod spelling;
mod tables;
mod types;

#[cfg(test)]
mod tests;

pub use anchors::assert_anchors;
pub use files::{assert_file_contents, replace_between_markers};
pub use schema::schema;
pub use spelling::assert_snake_case_accepted;
pub use tables::{config_tables, stats_table};
