//! Every query that we print for people runs, as the login that it is meant for, and answers in every time zone alike.

use std::path::{Path, PathBuf};

use chrono::TimeDelta;
use sqlx::{Column, Connection, Executor, PgPool, Row, SqlSafeStr, Statement};
use stocktake::clock::Clock;

use crate::support::{
    Question, TestDatabase, World, cluster,
    grafana::{Panel, dashboard},
    present,
};

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

/// The logins of people, of the BI tool's kind: members of one group role, and nothing else.
struct Logins {
    reader: PgPool,
    pii_reader: PgPool,
}

impl Logins {
    async fn create(database: &TestDatabase) -> Self {
        let login = async |name: &str, role: &str| {
            database.execute(&format!("create role {name} login password 'login' in role {role}")).await;
            let name_of_database = database.url.rsplit_once('/').unwrap().1;
            let url = format!("postgres://{name}:login@127.0.0.1:{}/{name_of_database}", cluster().port());
            PgPool::connect(&url).await.unwrap()
        };
        Self {
            reader: login("test_bi", "stocktake_reader").await,
            pii_reader: login("test_bi_of_people", "stocktake_pii_reader").await,
        }
    }

    /// Who is meant to run it: readers read views, and whatever else is printed is for the administrator.
    fn of<'a>(&'a self, text: &str, owner: &'a PgPool) -> &'a PgPool {
        let is_query = text
            .lines()
            .find(|line| !line.trim().is_empty() && !line.starts_with("--"))
            .and_then(|line| line.split_whitespace().next())
            .is_some_and(|word| word.eq_ignore_ascii_case("select") || word.eq_ignore_ascii_case("with"));
        match (is_query && !text.contains("inventory."), text.contains("reporting_pii.")) {
            (false, _) => owner,
            (true, true) => &self.pii_reader,
            (true, false) => &self.reader,
        }
    }
}

/// The rows as the server sends them, whatever zone the session is in; and the names of the columns.
async fn answer(pool: &PgPool, text: &str) -> Result<(Vec<String>, Vec<Vec<Option<Vec<u8>>>>), sqlx::Error> {
    let mut conn = pool.acquire().await?;
    let mut answers = Vec::new();
    let mut columns = Vec::new();
    // One transaction, so that both ask at one instant.
    let mut tx = conn.begin().await?;
    for zone in ["UTC", "Asia/Kathmandu"] {
        sqlx::query("select set_config('TimeZone', $1, true)").bind(zone).execute(&mut *tx).await?;
        let statement = (&mut *tx).prepare(sqlx::AssertSqlSafe(text.to_owned()).into_sql_str()).await?;
        columns = statement.columns().iter().map(|column| column.name().to_owned()).collect();
        let rows = statement.query().fetch_all(&mut *tx).await?;
        answers.push(
            rows.iter()
                .map(|row| {
                    (0..row.len())
                        .map(|index| row.try_get_raw(index).unwrap().as_bytes().ok().map(<[u8]>::to_vec))
                        .collect::<Vec<_>>()
                })
                .collect::<Vec<_>>(),
        );
    }
    tx.rollback().await?;
    let [here, there] = answers.try_into().unwrap();
    assert!(here == there, "the answer depends on the session's time zone:\n{text}");
    Ok((columns, here))
}

#[tokio::test]
async fn every_printed_query_runs_and_every_question_and_panel_answers_what_it_promises() {
    let world = World::lived_in().await;
    let logins = Logins::create(&world.database).await;
    let mut refused = Vec::new();

    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut pages = files("docs", "md");
    pages.extend([root.join("README.md"), root.join("dashboards/README.md"), root.join("migrations/README.md")]);
    let mut queries: Vec<Block> = pages.iter().flat_map(|page| blocks(page)).collect();
    for path in files("src/cli/demo", "sql") {
        let place = path.file_name().unwrap().to_string_lossy().into_owned();
        queries.push(Block { place, text: std::fs::read_to_string(&path).unwrap() });
    }
    assert!(queries.len() > 30, "only {} queries were found", queries.len());
    let mut answered_count = 0;
    for Block { place, text } in &queries {
        let mut tx = logins.of(text, &world.database.pool).begin().await.unwrap();
        match sqlx::raw_sql(sqlx::AssertSqlSafe(text.clone())).fetch_all(&mut *tx).await {
            Ok(rows) => answered_count += usize::from(!rows.is_empty()),
            Err(error) => refused.push(format!("{place}: {error}\n{text}")),
        }
        tx.rollback().await.unwrap();
    }
    assert!(answered_count * 2 > queries.len(), "{answered_count} of {} queries found anything", queries.len());

    // As they are, and about the weeks in which this world lived.
    let now = world.clock.now().date_naive();
    let code: String = world
        .database
        .value("select access_token_id from inventory.access_token_transitions where to_status = 'activated' limit 1")
        .await;
    let mut silent = Vec::new();
    for question in Question::all() {
        let Question { name, text, columns } = question.about(now, &code);
        match answer(logins.of(&text, &world.database.pool), &text).await {
            Ok((found, rows)) => {
                assert_eq!(found, columns, "the columns of {name}");
                if rows.is_empty() {
                    silent.push(name);
                }
            }
            Err(error) => refused.push(format!("{name}: {error}\n{text}")),
        }
    }
    for panel in Panel::all(world.clock.now() + TimeDelta::minutes(1)) {
        match answer(&logins.reader, &panel.sql).await {
            Ok((found, rows)) => {
                if panel.format == "time_series" {
                    assert_eq!(found[0], "time", "{}", panel.title);
                }
                assert!(panel.named_columns.iter().all(|column| found.contains(column)), "{}: {found:?}", panel.title);
                if rows.is_empty() {
                    silent.push(panel.title);
                }
            }
            Err(error) => refused.push(format!("{}: {error}\n{}", panel.title, panel.sql)),
        }
    }
    for question in Question::all() {
        if let Err(error) = answer(logins.of(&question.text, &world.database.pool), &question.text).await {
            refused.push(format!("{}, as it is: {error}", question.name));
        }
    }
    assert!(refused.is_empty(), "{}", refused.join("\n"));
    // Not everything happens in every world, and this one lives up to the present, each time anew.
    assert!(silent.len() <= 4, "nothing was found by {silent:?}");
}

#[test]
fn every_question_is_listed_and_says_what_it_answers() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let page = std::fs::read_to_string(root.join("docs/questions.md")).unwrap();
    let questions = Question::all();
    assert!(questions.len() >= 20, "{}", questions.len());
    for Question { name, text, columns } in &questions {
        assert_eq!(page.matches(&format!("(../dashboards/questions/{name}.sql)")).count(), 1, "{name}");
        let header: Vec<&str> = text.lines().take_while(|line| line.starts_with("--")).collect();
        assert!(header[0].ends_with('?'), "{name} begins with its question");
        for part in ["-- For ", "-- Columns:", "-- Uncertainty:"] {
            assert!(header.iter().any(|line| line.starts_with(part)), "{name} lacks {part}");
        }
        assert!(header.iter().any(|line| line.contains("UTC")), "{name} does not say what its days and instants are");
        assert!(!columns.is_empty(), "{name}");
        // One statement, which pastes into any tool.
        assert_eq!(text.matches(';').count() - header.join("").matches(';').count(), 1, "{name}");
        assert_eq!(text.contains("reporting_pii."), name.starts_with("pii_"), "{name}");
    }
}

#[test]
fn every_panel_says_what_it_shows_and_reads_the_chosen_database_and_accounts() {
    let dashboard = dashboard();
    let source = serde_json::json!({ "type": "grafana-postgresql-datasource", "uid": "${datasource}" });
    for panel in dashboard["panels"].as_array().unwrap() {
        let title = panel["title"].as_str().unwrap();
        assert_eq!((&panel["datasource"], &panel["targets"][0]["datasource"]), (&source, &source), "{title}");
        assert!(panel["targets"][0]["rawSql"].as_str().unwrap().contains("a.account_id in ($account)"), "{title}");
    }
    let panels = Panel::all(present());
    assert!(panels.len() >= 13, "{}", panels.len());
    for panel in &panels {
        assert!(panel.description.ends_with('.') && panel.description.len() > 30, "{}", panel.title);
        assert!(["table", "timeseries", "barchart"].contains(&panel.kind.as_str()), "{}", panel.title);
        assert!(!panel.sql.contains("reporting_pii"), "{} names people", panel.title);
    }
    let variables: Vec<&str> = dashboard["templating"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .map(|variable| variable["name"].as_str().unwrap())
        .collect();
    assert_eq!(variables, ["datasource", "account"]);
    assert_eq!(dashboard["timezone"], "utc");
    // What provisions it names the same source, and the login that docs/runbook.md makes.
    let provisioned = std::fs::read_to_string(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("dashboards/grafana/provisioning/datasources/stocktake.yaml"),
    )
    .unwrap();
    let uid = dashboard["templating"]["list"][0]["current"]["value"].as_str().unwrap();
    assert!(provisioned.contains(&format!("uid: {uid}\n")) && provisioned.contains("user: stocktake_bi\n"), "{uid}");
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
