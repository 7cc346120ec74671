//! Targets of links and paths in documents exist.

use std::path::Path;

use super::none_of;
use super::tree::{self, File};

/// The prefixes of paths in documents that refer to files of the tree.
const FOLDERS: [&str; 5] = ["crates/", "docs/", "sims/", "tests/", ".ci/"];

fn documents() -> Vec<File> {
    let mut documents = tree::files_of("docs/", "md");
    documents.extend(tree::files_of("README", "md"));
    documents
}

/// The text without fenced blocks, which hold code and figures.
fn prose(text: &str) -> impl Iterator<Item = &str> {
    let mut is_inside = false;
    text.lines().filter(move |line| {
        let is_fence = line.trim_start().starts_with("```");
        is_inside ^= is_fence;
        !is_inside && !is_fence
    })
}

#[test]
fn links_lead_somewhere() {
    let mut found = Vec::new();
    for file in documents() {
        let targets = prose(&file.text).flat_map(|line| line.split("](").skip(1));
        for target in targets.filter_map(|rest| rest.split(')').next()) {
            if !target.contains("://") && !leads(&file, target) {
                found.push(format!("{}: {target}", file.path));
            }
        }
    }
    none_of(
        &found,
        "a link leads to a file, and to a heading if it names one",
    );
}

fn leads(from: &File, target: &str) -> bool {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let folder = Path::new(&from.path).parent().expect("a file has a folder");
    let meant = match path {
        "" => tree::root().join(&from.path),
        path => tree::root().join(folder).join(path),
    };
    if heading.is_empty() || !path.is_empty() && !path.ends_with(".md") {
        return meant.exists();
    }
    let Ok(text) = std::fs::read_to_string(&meant) else {
        return false;
    };
    let mut headings = prose(&text).filter(|line| line.starts_with('#'));
    headings.any(|line| anchor(line) == heading)
}

/// The anchor of a heading, as code hosts make it.
fn anchor(heading: &str) -> String {
    let words = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = words
        .chars()
        .filter(|it| it.is_alphanumeric() || " -_".contains(*it));
    kept.map(|it| if it == ' ' { '-' } else { it }).collect()
}

#[test]
fn paths_in_documents_exist() {
    let mut found = Vec::new();
    for file in documents() {
        let quoted = prose(&file.text).flat_map(|line| line.split('`').skip(1).step_by(2));
        for path in quoted.filter(|it| FOLDERS.iter().any(|folder| it.starts_with(folder))) {
            let is_pattern = path.contains(['*', '<', '{', ' ', 'X']);
            if !is_pattern && !tree::root().join(path).exists() {
                found.push(format!("{}: {path}", file.path));
            }
        }
    }
    none_of(&found, "a path in a document exists in the tree");
}

#[test]
fn anchors_are_made_as_code_hosts_make_them() {
    assert_eq!(
        anchor("## What `net` owns, and why"),
        "what-net-owns-and-why"
    );
}
