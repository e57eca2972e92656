use super::*;

#[test]
fn a_name_has_its_spellings() {
    let name = Name::parse("request_stamp-2b").unwrap_err().to_string();
    assert!(name.contains("found `request_stamp-2b`"), "{name}");
    let name = Name::parse("request-stamp").unwrap();
    assert_eq!(name, Name::parse("request_stamp").unwrap());
    assert_eq!((name.snake.as_str(), name.camel.as_str()), ("request_stamp", "RequestStamp"));
    let filled = name.fill(
        "sample-name sample_name SampleName Sample-Name Sample name: SAMPLE DESCRIPTION",
        "d",
    );
    assert_eq!(filled, "request-stamp request_stamp RequestStamp Request-stamp Request stamp: d");
    let long = "a".repeat(33);
    for bad in ["", "-", "a-", "A", "a b", "1a", "ä", "../a", long.as_str()] {
        assert!(Name::parse(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_description_fits_where_it_is_put() {
    assert!(check_description("Stamps requests: who, when").is_ok());
    for bad in ["", " ", "a\nb", "a | b", "\"", "a\\", &"x".repeat(81)] {
        assert!(check_description(bad).is_err(), "{bad:?}");
    }
}

#[test]
fn nothing_is_written_over_and_nothing_elsewhere() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors().nth(2).unwrap();
    assert!(check_free(root, &Name::parse("no-such-filter").unwrap()).is_ok());
    for taken in ["fault-injection", "matchers", "serde", "match"] {
        assert!(check_free(root, &Name::parse(taken).unwrap()).is_err(), "{taken}");
    }
    assert!(super::root(Some(&root.join("filters"))).is_err());
    assert_eq!(super::root(None).unwrap(), root);
}

/// The sample's own wire types and statistics: what is generated from them is part of the template.
#[path = "../../template/src/config.rs.in"]
#[expect(unreachable_pub, reason = "public and used in the filter that it becomes")]
mod config;
#[path = "../../template/src/stats.rs.in"]
#[expect(dead_code, reason = "used in the filter that it becomes")]
mod sample_stats;

#[test]
fn the_templates_schema_and_manual_are_those_of_its_code() {
    use filter_config::docs;
    let template = Path::new(env!("CARGO_MANIFEST_DIR")).join("template");
    let schema = docs::schema::<config::SampleNameConfig>("sample_name");
    docs::assert_file_contents(&template.join("config.schema.json.in"), &schema);
    let readme = fs::read_to_string(template.join("README.md.in")).unwrap();
    let stats = docs::stats_table(sample_stats::ALL, "sample_name");
    let readme =
        docs::replace_between_markers(&readme, "config", &docs::config_tables(&schema)).unwrap();
    let readme = docs::replace_between_markers(&readme, "stats", &stats).unwrap();
    docs::assert_file_contents(&template.join("README.md.in"), &readme);
}

/// A file of the template that is not written is one that nobody looks at.
#[test]
fn every_file_of_the_template_is_written() {
    let mut files = Vec::new();
    collect(&Path::new(env!("CARGO_MANIFEST_DIR")).join("template"), &mut files);
    assert_eq!(files.len(), TEMPLATE.len(), "{files:?}");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
