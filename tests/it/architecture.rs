//! Who may import whom, how long a file may be, and that each says what it is for.
//!
//! Reads the sources as text. Names that reach a module through a glob or a macro are not seen;
//! the compiler's privacy holds those.

mod imports;

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use imports::imports;

/// The modules of the crate, each with those it may import. Who is not named here is imported by nobody.
const MODULES: [(&str, &[&str]); 14] = [
    ("inventory", &[]),
    ("clock", &[]),
    ("telemetry", &[]),
    ("task", &[]),
    ("config", &["inventory"]),
    ("schedule", &["config", "inventory"]),
    ("source", &["config", "clock", "inventory"]),
    ("scan", &["source", "inventory", "config", "task"]),
    ("store", &["scan", "inventory", "clock", "task"]),
    ("worker", &["config", "schedule", "source", "scan", "store", "inventory", "clock"]),
    ("web", &["config", "clock", "inventory", "schedule", "scan", "source", "store", "worker"]),
    ("cli", &["config", "clock", "inventory", "schedule", "scan", "source", "store", "telemetry", "web", "worker"]),
    ("lib", &["store"]),
    ("main", &["cli"]),
];

/// Of some modules only one name may be imported by some others: (importer, module, name).
const ONLY: [(&str, &str, &str); 1] = [("scan", "config", "Paging")];

/// Names that the crate's root takes from a module.
const ROOT_NAMES: [(&str, &str); 1] = [("MIGRATOR", "store")];

/// Crates that only some places may import.
const CRATES: [(&str, &[&str]); 10] = [
    ("reqwest", &["src/source/"]),
    ("sqlx", &["src/store/", "src/lib.rs"]),
    ("tokio_cron_scheduler", &["src/schedule.rs"]),
    ("clap", &["src/cli/", "src/main.rs"]),
    ("anyhow", &["src/cli/", "src/main.rs"]),
    ("axum", &["src/web/"]),
    ("maud", &["src/web/"]),
    ("embedded_postgres", &["src/cli/"]),
    ("emulator", &["src/cli/"]),
    ("simulation", &[]),
];

/// The helpers of the workspace share nothing with the first crate, nor with each other; the simulation stands on all
/// of them, and nothing stands on it.
const STRANGERS: [&str; 2] = ["emulator/src", "embedded-postgres/src"];
const OURS: [&str; 5] = ["stocktake", "benchmark", "emulator", "embedded_postgres", "simulation"];

/// More lines than this are more than one idea.
const LINES_MAX: usize = 400;

#[test]
fn modules_import_only_what_the_table_allows() {
    let deep = files_named_by_path_attributes();
    let mut violations = Vec::new();
    for file in Source::all("src") {
        let module = file.module_path(&deep);
        let importer = module[0].as_str();
        let Some((_, allowed)) = MODULES.iter().find(|(name, _)| *name == importer) else {
            violations.push(format!("{}:1: module `{importer}` is not in the table of this test", file.name));
            continue;
        };
        for import in imports(&file.text, &module) {
            let Some(imported) = import.of_this_crate() else { continue };
            let imported = ROOT_NAMES.iter().find(|(name, _)| *name == imported).map_or(imported, |(_, owner)| owner);
            let only = ONLY.iter().find(|(who, what, _)| *who == importer && *what == imported);
            if imported == importer {
                continue;
            }
            if !allowed.contains(&imported) {
                let allowed = if allowed.is_empty() {
                    "nothing of ours".to_owned()
                } else {
                    format!("only {}", allowed.join(", "))
                };
                violations.push(format!(
                    "{}:{}: `{importer}` imports `{imported}`, but may import {allowed}",
                    file.name, import.line
                ));
            } else if let Some((.., name)) = only.filter(|(.., name)| import.path.get(2).is_none_or(|got| got != name))
            {
                violations.push(format!(
                    "{}:{}: `{importer}` imports {}, but of `{imported}` may import `{name}` only",
                    file.name,
                    import.line,
                    import.path.join("::")
                ));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn crates_are_imported_only_where_they_belong() {
    let mut violations = Vec::new();
    for file in Source::all("src") {
        for import in imports(&file.text, &["here".to_owned()]) {
            let Some((name, places)) = CRATES.iter().find(|(name, _)| import.path[0] == *name) else { continue };
            if !places.iter().any(|place| file.name.starts_with(place)) {
                let places =
                    if places.is_empty() { "nowhere here".to_owned() } else { format!("{} only", places.join(", ")) };
                violations.push(format!("{}:{}: `{name}` belongs to {places}", file.name, import.line));
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn the_decision_to_bury_neither_waits_nor_asks_nor_writes() {
    let mut violations = Vec::new();
    let files = Source::all("src/scan/proof");
    assert!(!files.is_empty(), "the decision is in src/scan/proof");
    for file in files {
        for import in imports(&file.text, &["scan".to_owned(), "proof".to_owned()]) {
            let path: Vec<_> = import.path.iter().map(String::as_str).collect();
            let is_pure = match *path {
                ["crate", module, ..] => ["scan", "inventory", "source"].contains(&module),
                ["std", module, ..] => ["collections", "hint", "mem"].contains(&module),
                [first, ..] => !["tokio", "tokio_util", "futures", "tracing"].contains(&first),
                [] => true,
            };
            if !is_pure {
                violations.push(format!("{}:{}: `{}` is not pure", file.name, import.line, path.join("::")));
            }
        }
        let waits = |line: &&str| line.contains("async ") || line.contains(".await");
        violations.extend(file.text.lines().filter(waits).map(|line| format!("{}: waits: {}", file.name, line.trim())));
    }
    assert_none(&violations);
}

#[test]
fn the_emulator_and_the_embedded_database_share_nothing_with_the_crate() {
    let mut violations = Vec::new();
    for root in STRANGERS {
        for file in Source::all(root) {
            for import in imports(&file.text, &["here".to_owned()]) {
                let name = import.path[0].as_str();
                if OURS.contains(&name) && !root.replace('-', "_").starts_with(name) {
                    let path = import.path.join("::");
                    violations
                        .push(format!("{}:{}: `{path}`, but {root} imports nothing of ours", file.name, import.line));
                }
            }
        }
    }
    assert_none(&violations);
}

#[test]
fn every_member_of_the_workspace_is_known_here_and_tested_by_default() {
    let manifest = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml")).unwrap();
    let manifest: toml::Table = manifest.parse().unwrap();
    let members = |key: &str| -> BTreeSet<String> {
        let names = manifest["workspace"][key].as_array().unwrap();
        names.iter().map(|name| name.as_str().unwrap().replace('-', "_").replace('.', "stocktake")).collect()
    };
    assert_eq!(members("members"), OURS.map(str::to_owned).into());
    // A plain `cargo test` tests everything that has tests.
    let mut tested = members("members");
    tested.remove("benchmark");
    assert_eq!(members("default-members"), tested);
}

#[test]
fn no_file_is_longer_than_one_idea() {
    let files = ["src", "emulator/src", "embedded-postgres/src", "simulation/src"].into_iter().flat_map(Source::all);
    let violations: Vec<_> = files
        .map(|file| (file.text.lines().count(), file.name))
        .filter(|(line_count, _)| *line_count > LINES_MAX)
        .map(|(line_count, name)| format!("{name}:{line_count}: {line_count} lines, {LINES_MAX} are allowed: split it"))
        .collect();
    assert_none(&violations);
}

#[test]
fn every_file_starts_with_what_it_is_for() {
    let roots = ["src", "tests", "benches", "emulator", "embedded-postgres", "simulation"];
    let violations: Vec<_> = roots
        .into_iter()
        .flat_map(Source::all)
        .filter(|file| !file.text.starts_with("//! "))
        .map(|file| format!("{}:1: the first line is no `//!` sentence", file.name))
        .collect();
    assert_none(&violations);
}

#[track_caller]
fn assert_none(violations: &[String]) {
    assert!(violations.is_empty(), "\n{}\n", violations.join("\n"));
}

/// One file of the workspace.
struct Source {
    /// Its path from the root of the workspace, with slashes.
    name: String,
    text: String,
}

impl Source {
    /// All Rust files under `root`, which may be missing.
    fn all(root: &str) -> Vec<Self> {
        let workspace = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut folders = vec![workspace.join(root)];
        let mut paths: Vec<PathBuf> = Vec::new();
        while let Some(folder) = folders.pop() {
            let Ok(entries) = fs::read_dir(&folder) else { continue };
            for path in entries.flatten().map(|entry| entry.path()) {
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|extension| extension == "rs") {
                    paths.push(path);
                }
            }
        }
        paths.sort();
        let read = |path: &PathBuf| {
            let name = path.strip_prefix(workspace).expect("the walk began in the workspace").to_string_lossy();
            let text = fs::read_to_string(path).expect("a source file is readable UTF-8");
            Self { name: name.replace('\\', "/"), text }
        };
        paths.iter().map(read).collect()
    }

    /// The module that a file under `src` holds; one that a `#[path]` names is a child of its neighbour.
    fn module_path(&self, deep: &BTreeSet<String>) -> Vec<String> {
        let inner = self.name.trim_start_matches("src/").trim_end_matches(".rs");
        let mut module: Vec<_> = inner.split('/').map(str::to_owned).collect();
        if module.last().is_some_and(|last| last == "mod") {
            module.pop();
        }
        if deep.contains(self.name.rsplit('/').next().unwrap_or_default()) {
            module.push("tests".to_owned());
        }
        module
    }
}

/// The files that stand in a `#[path = "…"]`, without their folders.
fn files_named_by_path_attributes() -> BTreeSet<String> {
    Source::all("src")
        .iter()
        .flat_map(|file| file.text.lines())
        .filter_map(|line| line.trim().strip_prefix("#[path = \"")?.strip_suffix("\"]").map(str::to_owned))
        .collect()
}
