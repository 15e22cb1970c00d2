//! Every query that we print for people runs, as the reader that it is meant for.

use std::path::{Path, PathBuf};

use crate::support::World;

/// A query and where it stands.
struct Block {
    place: String,
    text: String,
}

fn files(folder: &str, extension: &str) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == extension))
        .collect();
    found.sort();
    found
}

/// The ```` ```sql ```` blocks of a page.
fn blocks(page: &Path) -> Vec<Block> {
    let name = page.file_name().unwrap().to_string_lossy().into_owned();
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in std::fs::read_to_string(page).unwrap().lines().enumerate() {
        match (&mut open, line.trim()) {
            (None, "```sql") => {
                open = Some(Block { place: format!("{name}:{}", index + 1), text: String::new() });
            }
            (Some(_), "```") => found.extend(open.take()),
            (Some(block), _) => block.text += &format!("{line}\n"),
            (None, _) => {}
        }
    }
    assert!(open.is_none(), "{name} ends inside a block");
    found
}

/// Who is meant to run it: readers read views, and whatever else is printed is for the administrator.
fn reader(text: &str) -> Option<&'static str> {
    let is_query = text
        .split_whitespace()
        .find(|word| !word.starts_with("--"))
        .is_some_and(|word| word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("with"));
    match (is_query && !text.contains("inventory."), text.contains("reporting_pii.")) {
        (false, _) => None,
        (true, true) => Some("stocktake_pii_reader"),
        (true, false) => Some("stocktake_reader"),
    }
}

#[tokio::test]
async fn every_printed_query_runs() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = files("docs", "md");
    pages.extend(Some(root.join("README.md")).filter(|page| page.exists()));
    let mut queries: Vec<Block> = pages.iter().flat_map(|page| blocks(page)).collect();
    for path in files("src/cli/demo", "sql") {
        let place = path.file_name().unwrap().to_string_lossy().into_owned();
        queries.push(Block { place, text: std::fs::read_to_string(&path).unwrap() });
    }
    assert!(queries.len() > 30, "only {} queries were found", queries.len());

    let world = World::lived_in().await;
    let mut refused = Vec::new();
    let mut answered_count = 0;
    for Block { place, text } in &queries {
        let mut tx = world.database.pool.begin().await.unwrap();
        if let Some(reader) = reader(text) {
            let statement = format!("set local role {reader}");
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *tx).await.unwrap();
        }
        match sqlx::raw_sql(sqlx::AssertSqlSafe(text.clone())).fetch_all(&mut *tx).await {
            Ok(rows) => answered_count += usize::from(!rows.is_empty()),
            Err(error) => refused.push(format!("{place}: {error}\n{text}")),
        }
        tx.rollback().await.unwrap();
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    assert!(answered_count * 2 > queries.len(), "{answered_count} of {} queries found anything", queries.len());
}

#[test]
fn every_view_has_an_example() {
    for section in std::fs::read_to_string(files("docs", "md").iter().find(|path| path.ends_with("views.md")).unwrap())
        .unwrap()
        .split("\n## ")
        .skip(1)
        .filter(|section| section.starts_with('`'))
    {
        let name = section.trim_start_matches('`').split('`').next().unwrap();
        let called = if name.contains('.') { name.to_owned() } else { format!("reporting.{name}") };
        let example = section.split("```sql").skip(1).any(|block| block.split("```").next().unwrap().contains(&called));
        assert!(example, "{name} has no example that reads it");
    }
}
