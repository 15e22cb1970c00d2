//! Each view of the contract beside the best hand-written SQL for the same answer.

use anyhow::{Context as _, ensure};
use serde::Serialize;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

use crate::{
    figures::median,
    ground::Ground,
    table::{count, seconds},
};

const FILL: [&str; 2] = [include_str!("../sql/fill.sql"), include_str!("../sql/odd_lives.sql")];
/// Sections that begin with a line `-- view: NAME`, each of one statement over the tables. One that has `INSTANT` in it
/// is for each of [`INSTANTS`].
const TWINS: [&str; 2] = [include_str!("../sql/twins_of_codes.sql"), include_str!("../sql/twins.sql")];
const INSTANTS: [&str; 2] = ["now() - interval '200 days'", "now() - interval '20 days'"];
const REPEAT_COUNT: usize = 3;

/// An instant in the past of one account, and of one code; what they touch is kept.
const AS_OF: [(&str, &str); 2] = [
    (
        "one code",
        "select * from reporting.access_tokens_as_of(now() - interval '200 days')
         where account_id = '1000000000000001' and access_token_id = 'code-1'",
    ),
    (
        "one account",
        "select * from reporting.access_tokens_as_of(now() - interval '200 days') where account_id = '1000000000000001'",
    ),
];

/// What each view took over one database.
#[derive(Debug, Serialize)]
pub(crate) struct Views {
    code_count: u64,
    version_count: i64,
    timed: Vec<Timed>,
    /// Of what, and the plan as the server tells it.
    as_of_plans: Vec<(&'static str, String)>,
}

#[derive(Debug, Serialize)]
struct Timed {
    view: String,
    row_count: u64,
    view_s: f64,
    twin_s: f64,
}

/// Fills a database with ten closed versions of each of `code_count` codes, and times the views over it.
pub(crate) async fn measure(ground: &Ground, code_count: usize) -> anyhow::Result<Views> {
    eprintln!("{code_count} codes: filling the database of the views");
    let database = "views";
    let url = ground.fresh_database(database).await?;
    let mut conn = PgConnection::connect(&url).await?;
    sqlx::raw_sql("set work_mem = '64MB'; set maintenance_work_mem = '256MB'").execute(&mut conn).await?;
    let codes = format!("set bench.codes = {code_count}");
    sqlx::raw_sql(AssertSqlSafe(codes)).execute(&mut conn).await?;
    for rows in FILL {
        sqlx::raw_sql(rows).execute(&mut conn).await?;
    }
    conn.close().await?;

    // A session of the server's own settings, as a reader has it.
    let mut conn = PgConnection::connect(&url).await?;
    sqlx::raw_sql("vacuum analyze").execute(&mut conn).await?;
    ground.settle().await?;
    let version_count =
        sqlx::query_scalar("select count(*) from inventory.access_token_history").fetch_one(&mut conn).await?;
    let mut views = Views { code_count: code_count as u64, version_count, timed: Vec::new(), as_of_plans: Vec::new() };
    for section in TWINS.iter().flat_map(|twins| twins.split("-- view: ").skip(1)) {
        let instants = if section.contains("INSTANT") { &INSTANTS[..] } else { &[""] };
        for instant in instants {
            let section = section.replace("INSTANT", instant);
            let (view, twin) = section.split_once('\n').context("a section of twins.sql has no statement")?;
            ensure_same(&mut conn, view, twin).await?;
            let timed = time(&mut conn, view, twin).await.with_context(|| format!("cannot time {view}"))?;
            eprintln!("{view}: {:.3} s, by hand {:.3} s", timed.view_s, timed.twin_s);
            views.timed.push(timed);
        }
    }
    for (what, query) in AS_OF {
        let plan = explain(&mut conn, "analyze, buffers, costs off, timing off", query).await?;
        views.as_of_plans.push((what, plan.join("\n")));
    }
    conn.close().await?;
    ground.drop_database(database).await?;
    Ok(views)
}

/// Refuses a twin that gives other rows than its view, whatever their order. Both are asked in one transaction, for they
/// tell ages, too.
async fn ensure_same(conn: &mut PgConnection, view: &str, twin: &str) -> anyhow::Result<()> {
    let mut tx = conn.begin().await?;
    let mut answers = Vec::new();
    for rows in [view.to_owned(), format!("(\n{twin}\n)")] {
        let statement = format!("select count(*) || ' rows, ' || sum(hashtextextended(v::text, 0)) from {rows} v");
        let answer: Option<String> = sqlx::query_scalar(AssertSqlSafe(statement))
            .fetch_one(&mut *tx)
            .await
            .with_context(|| format!("cannot compare {view} with its twin"))?;
        answers.push(answer);
    }
    tx.commit().await?;
    ensure!(answers[0] == answers[1], "{view} and its twin differ: {answers:?}");
    Ok(())
}

/// The view and its twin in turn, so that both meet the same machine.
async fn time(conn: &mut PgConnection, view: &str, twin: &str) -> anyhow::Result<Timed> {
    let query = format!("select * from {view}");
    let (mut view_s, mut twin_s, mut row_count) = (Vec::new(), Vec::new(), 0);
    for _ in 0..REPEAT_COUNT {
        let (seconds, rows) = execute(conn, &query).await?;
        view_s.push(seconds);
        row_count = rows;
        let (seconds, _) = execute(conn, twin).await?;
        twin_s.push(seconds);
    }
    Ok(Timed { view: view.to_owned(), row_count, view_s: median(view_s), twin_s: median(twin_s) })
}

/// Seconds within the server, and the rows that came.
async fn execute(conn: &mut PgConnection, query: &str) -> anyhow::Result<(f64, u64)> {
    let plan = explain(conn, "analyze, timing off, summary on", query).await?;
    let of = |line: Option<&String>, before: &str| -> Option<f64> {
        line?.split_once(before)?.1.split([' ', ')']).next()?.parse().ok()
    };
    let milliseconds = of(plan.iter().rfind(|line| line.starts_with("Execution Time")), "Execution Time: ");
    let rows = of(plan.first(), "actual rows=");
    let (milliseconds, rows) = milliseconds.zip(rows).context("the server does not tell time and rows")?;
    Ok((milliseconds / 1e3, rows as u64))
}

async fn explain(conn: &mut PgConnection, options: &str, query: &str) -> anyhow::Result<Vec<String>> {
    let statement = format!("explain ({options}) {query}");
    Ok(sqlx::query_scalar(AssertSqlSafe(statement)).fetch_all(conn).await?)
}

impl Views {
    /// In Markdown.
    pub(crate) fn table(&self) -> String {
        let rows = self.timed.iter().map(|timed| {
            format!(
                "| `{}` | {} | {} | {} | {:.2} |\n",
                timed.view,
                timed.row_count,
                seconds(timed.view_s),
                seconds(timed.twin_s),
                timed.view_s / timed.twin_s,
            )
        });
        let plans = self
            .as_of_plans
            .iter()
            .map(|(what, plan)| format!("\nAs-of of {what}, 200 days ago:\n\n```text\n{plan}\n```\n"));
        std::iter::once(format!(
            "{} codes, {} closed versions.\n\n| view | rows | time | by hand | ratio |\n|---|--:|--:|--:|--:|\n",
            count(self.code_count),
            count(self.version_count.unsigned_abs()),
        ))
        .chain(rows)
        .chain(plans)
        .collect()
    }
}
