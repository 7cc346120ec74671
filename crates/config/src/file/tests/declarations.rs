//! Properties of the declared keys.

use super::super::{key_tables, schema, shape};
use super::FULL;
use crate::format::key::shape::KeyDescription;

fn visit(keys: &[KeyDescription], path: &str, seen: &mut impl FnMut(&str, &KeyDescription)) {
    for key in keys {
        let path = format!("{path}.{}", key.key.name);
        seen(&path, key);
        let below = key.shape.table().map_or(&[][..], |it| &it.keys);
        visit(below, &path, seen);
    }
}

#[test]
fn every_key_says_what_it_means() {
    visit(&shape().keys, "", &mut |path, key| {
        assert!(key.key.about.ends_with('.'), "{path}: {}", key.key.about);
        assert!(key.key.about.len() > 10, "{path}: {}", key.key.about);
    });
}

#[test]
fn every_key_is_in_the_file_the_other_tests_read() {
    visit(&shape().keys, "", &mut |path, key| {
        let is_other = |text: &str| {
            !text
                .bytes()
                .any(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
        };
        let used = FULL.match_indices(key.key.name).any(|(at, name)| {
            is_other(&FULL[at.saturating_sub(1)..at]) && is_other(&FULL[at + name.len()..][..1])
        });
        assert!(used, "{path} is not in full.toml");
    });
}

#[test]
fn no_table_names_a_key_twice() {
    fn check(keys: &[KeyDescription]) {
        let mut names: Vec<_> = keys.iter().map(|key| key.key.name).collect();
        names.sort_unstable();
        let count = names.len();
        names.dedup();
        assert_eq!(names.len(), count, "{names:?}");
    }
    let root = &shape().keys;
    check(root);
    visit(root, "", &mut |_, key| {
        check(key.shape.table().map_or(&[], |it| &it.keys));
    });
}

#[test]
fn defaults_are_values_the_key_takes() {
    visit(&shape().keys, "", &mut |path, key| {
        if let Some(default) = &key.default {
            let text = format!("x = {default}");
            assert!(toml::de::DeTable::parse(&text).is_ok(), "{path}: {default}");
        }
    });
}

#[test]
fn schema_and_reference_know_every_key() {
    let schema = schema().to_string();
    let tables = key_tables();
    visit(&shape().keys, "", &mut |path, key| {
        let name = key.key.name;
        assert!(
            schema.contains(&format!("\"{name}\":")),
            "{path} is not in the schema"
        );
        assert!(
            tables.contains(&format!("{name}`")) || tables.contains(&format!("[{name}")),
            "{path} is not in the tables"
        );
    });
}
