//! No cycle between the modules of a crate.
//!
//! The graph is drawn from `crate::`, `super::` and `self::` paths. A parent and its children may use each
//! other; siblings, and what is below them, may not.

use std::collections::{BTreeMap, BTreeSet};

use super::none_of;
use super::syntax::{self, Token};
use super::tree;

/// A module: the names on the path from the crate's root.
type Path = Vec<String>;

/// Which module names which, and the first position where it does.
type Graph = BTreeMap<Path, BTreeMap<Path, String>>;

/// A crate: its modules, what each re-exports or imports from below, and every path it names.
#[derive(Default)]
struct Crate {
    modules: BTreeSet<Path>,
    /// A module and a name it has from one of its children.
    from_below: BTreeMap<(Path, String), Path>,
    named: Vec<Named>,
}

struct Named {
    by: Path,
    path: Path,
    place: String,
}

#[test]
fn modules_of_a_crate_know_each_other_one_way_only() {
    let mut crates: BTreeMap<String, Vec<tree::File>> = BTreeMap::new();
    for file in tree::files_of("crates/", "rs") {
        let name = file.path.split('/').nth(1).expect("a crate has a folder");
        let is_code = file.path.contains("/src/") || ["cli", "mtasim"].contains(&name);
        if is_code && name != "bench" {
            crates.entry(name.to_owned()).or_default().push(file);
        }
    }
    assert!(crates.len() >= 10, "the workspace has ten crates");
    let mut found = Vec::new();
    for (name, files) in &crates {
        let graph = graph(&read(files));
        found.extend(cycle(&graph).map(|cycle| format!("{name}: {cycle}")));
    }
    none_of(
        &found,
        "modules must not depend on each other: merge them, or move the common part to a third",
    );
}

fn read(files: &[tree::File]) -> Crate {
    let mut it = Crate::default();
    for file in files {
        it.modules.insert(module_of(&file.path));
    }
    for file in files {
        it.read_file(&file.path, &syntax::tokens(&file.text));
    }
    it
}

/// The module that a file holds.
fn module_of(path: &str) -> Path {
    let inside = path.split('/').skip(2).skip_while(|part| *part == "src");
    let mut parts: Path = inside
        .map(|part| part.trim_end_matches(".rs").to_owned())
        .collect();
    if matches!(
        parts.last().map(String::as_str),
        Some("lib" | "main" | "mod")
    ) {
        parts.pop();
    }
    parts
}

impl Crate {
    fn read_file(&mut self, file: &str, tokens: &[Token]) {
        let mut module = module_of(file);
        let (mut depth, mut inline) = (0_usize, Vec::new());
        for at in 0..tokens.len() {
            let before = at.checked_sub(1).map_or("", |at| tokens[at].text.as_str());
            let behind = tokens.get(at + 1).map_or("", |it| it.text.as_str());
            match tokens[at].text.as_str() {
                "{" => depth += 1,
                "}" => {
                    depth -= 1;
                    if inline.last() == Some(&depth) {
                        inline.pop();
                        module.pop();
                    }
                }
                "mod" if tokens.get(at + 2).is_some_and(|it| it.text == "{") => {
                    module.push(behind.to_owned());
                    self.modules.insert(module.clone());
                    inline.push(depth);
                }
                "crate" | "super" | "self" if behind == "::" && before != "::" => {
                    for path in paths(&tokens[at..]) {
                        self.add(&module, &path, file, tokens[at].line);
                    }
                }
                "use" if behind != "crate" && behind != "super" && behind != "self" => {
                    for path in paths(&tokens[at + 1..]) {
                        self.import(&module, &path);
                    }
                }
                _ => {}
            }
        }
    }

    /// Remembers a path that begins with `crate`, `super` or `self`.
    fn add(&mut self, by: &Path, path: &[String], file: &str, line: usize) {
        let mut base = by.clone();
        let mut rest = path;
        while let Some((first, others)) = rest.split_first() {
            match first.as_str() {
                "crate" => base.clear(),
                "super" => drop(base.pop()),
                "self" => {}
                _ => break,
            }
            rest = others;
        }
        base.extend(rest.iter().cloned());
        self.named.push(Named {
            by: by.clone(),
            path: base,
            place: format!("{file}:{line}"),
        });
    }

    /// Remembers that a module has a name from a child.
    fn import(&mut self, module: &Path, path: &[String]) {
        let Some((last, parents)) = path.split_last() else {
            return;
        };
        let from: Path = module.iter().chain(parents).cloned().collect();
        if !parents.is_empty() && self.modules.contains(&from) {
            self.from_below.insert((module.clone(), last.clone()), from);
        }
    }

    /// The module that a path leads to, through names that a module has from below.
    fn resolve(&self, path: &[String]) -> Path {
        let mut length = path.len();
        while !self.modules.contains(&path[..length]) {
            length -= 1;
        }
        let module = path[..length].to_vec();
        match path.get(length) {
            Some(name) => match self.from_below.get(&(module.clone(), name.clone())) {
                Some(below) => below.clone(),
                None => module,
            },
            None => module,
        }
    }
}

/// The paths of a use tree, or the one path that begins here.
fn paths(tokens: &[Token]) -> Vec<Path> {
    let mut found = Vec::new();
    collect(tokens, &mut Vec::new(), &mut found);
    found
}

/// Reads one path or tree; returns how many tokens it took.
fn collect(tokens: &[Token], prefix: &mut Path, found: &mut Vec<Path>) -> usize {
    let (depth, mut at) = (prefix.len(), 0);
    loop {
        match tokens.get(at).map(|it| it.text.as_str()) {
            Some("{") => {
                at += 1;
                while let Some(token) = tokens.get(at).filter(|it| it.text != "}") {
                    // A comma is no name: two lists would seem to name the same thing.
                    at += match token.text.as_str() {
                        "," => 1,
                        _ => collect(&tokens[at..], prefix, found).max(1),
                    };
                }
                at += 1;
                break;
            }
            Some(word) => {
                prefix.push(word.to_owned());
                at += 1;
                if tokens.get(at).is_none_or(|it| it.text != "::") {
                    found.push(prefix.clone());
                    break;
                }
                at += 1;
            }
            None => break,
        }
    }
    prefix.truncate(depth);
    at
}

/// Which sibling names which; what is below a module counts as the module.
fn graph(it: &Crate) -> Graph {
    let mut graph = Graph::new();
    for named in &it.named {
        let target = it.resolve(&named.path);
        let shared = named.by.iter().zip(&target).take_while(|(a, b)| a == b);
        let level = shared.count();
        if level < named.by.len() && level < target.len() {
            let (by, target) = (named.by[..=level].to_vec(), target[..=level].to_vec());
            let edges = graph.entry(by).or_default();
            edges.entry(target).or_insert_with(|| named.place.clone());
        }
    }
    graph
}

/// The first cycle, as text.
fn cycle(graph: &Graph) -> Option<String> {
    let mut finished = BTreeSet::new();
    graph
        .keys()
        .find_map(|start| search(graph, start, &mut Vec::new(), &mut finished))
}

fn search(
    graph: &Graph,
    at: &Path,
    way: &mut Vec<(Path, String)>,
    finished: &mut BTreeSet<Path>,
) -> Option<String> {
    if let Some(start) = way.iter().position(|(module, _)| module == at) {
        let steps = way[start..]
            .iter()
            .map(|(module, place)| format!("{} ({place})", module.join("::")));
        return Some(steps.collect::<Vec<_>>().join(" -> "));
    }
    if finished.contains(at) {
        return None;
    }
    for (target, place) in graph.get(at).into_iter().flatten() {
        way.push((at.clone(), place.clone()));
        let found = search(graph, target, way, finished);
        way.pop();
        if found.is_some() {
            return found;
        }
    }
    finished.insert(at.clone());
    None
}

fn crate_of(files: &[(&str, &str)]) -> Crate {
    let files: Vec<tree::File> = files
        .iter()
        .map(|(path, text)| tree::File {
            path: format!("crates/x/src/{path}"),
            text: (*text).to_owned(),
        })
        .collect();
    read(&files)
}

#[test]
fn a_planted_cycle_is_found() {
    let three = [
        (
            "lib.rs",
            "mod a; mod b; mod c; pub use c::{Deep, d::Deeper};",
        ),
        ("a.rs", "use crate::{b::B, Other};"),
        ("b.rs", "fn f() { super::Deeper::new() }"),
        ("c.rs", "mod d; use std::fmt;"),
        ("c/d.rs", "use super::Up; pub struct Deeper(crate::a::A);"),
    ];
    let found = cycle(&graph(&crate_of(&three))).expect("a -> b -> c::d -> a");
    assert_eq!(
        found,
        "a (crates/x/src/a.rs:1) -> b (crates/x/src/b.rs:1) -> c (crates/x/src/c/d.rs:1)"
    );
}

#[test]
fn parents_and_tests_are_no_cycle() {
    let fine = [
        ("lib.rs", "mod a; mod b;"),
        ("a.rs", "use crate::b::B; mod inner { use super::A; }"),
        ("b.rs", "#[cfg(test)] mod tests { use crate::a::A; }"),
    ];
    assert_eq!(cycle(&graph(&crate_of(&fine))), None);
}
