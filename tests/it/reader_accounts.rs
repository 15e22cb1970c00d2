//! Row-level security: a login that is named with some accounts reads those, through every view and whatever it tries.

use sqlx::{Connection, PgConnection};

use crate::support::{ACCOUNT_ID, TestDatabase, World};

/// Everything of the one account once more, as account 2.
const SECOND_ACCOUNT: &str = "
    set session_replication_role = replica;
    do $$
    declare
        kept record;
    begin
        for kept in
            select c.oid::regclass as name, string_agg(quote_ident(a.attname), ', ') as columns
            from pg_class c
            join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
            where c.relnamespace = 'inventory'::regnamespace and c.relkind = 'r'
            group by 1
        loop
            execute format(
                'insert into %1$s (%2$s) overriding system value
                 select %2$s from (
                     select (jsonb_populate_record(t, jsonb_build_object(''account_id'', ''2''))).* from %1$s t) copied',
                kept.name, kept.columns);
        end loop;
    end $$;
    reset session_replication_role";

/// The views, and the functions of one instant, each as something to select from, and whether it has accounts.
async fn readable(database: &TestDatabase) -> Vec<(String, bool)> {
    let found = sqlx::query_as(
        "select c.oid::regclass::text,
                exists (select from pg_attribute a where a.attrelid = c.oid and a.attname = 'account_id')
         from pg_class c
         where c.relnamespace in ('reporting'::regnamespace, 'reporting_pii'::regnamespace) and c.relkind = 'v'
         union all
         select p.oid::regproc::text || '(now())', true
         from pg_proc p
         where p.pronamespace in ('reporting'::regnamespace, 'reporting_pii'::regnamespace)
           and p.proretset and p.pronargs = 1 and p.proargtypes[0] = 'timestamptz'::regtype",
    )
    .fetch_all(&database.pool)
    .await
    .unwrap();
    assert!(found.len() > 25, "{found:?}");
    found
}

/// The accounts and the number of rows that `database`'s login sees.
async fn seen(database: &TestDatabase, from: &str) -> (Vec<String>, i64) {
    let query = format!("select coalesce(array_agg(distinct account_id), '{{}}'), count(*) from {from}");
    sqlx::query_as(sqlx::AssertSqlSafe(query))
        .fetch_one(&database.pool)
        .await
        .unwrap_or_else(|error| panic!("{from}: {error}"))
}

async fn code(conn: &mut PgConnection, statement: &str) -> String {
    let error = sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(conn).await.expect_err(statement);
    error.as_database_error().unwrap().code().unwrap().into_owned()
}

#[tokio::test]
async fn a_login_that_is_named_reads_its_accounts_alone_and_finds_no_way_around() {
    let world = World::lived_in().await;
    let owner = &world.database;
    owner.execute(SECOND_ACCOUNT).await;
    let restricted = owner.login("test_some", "stocktake_reader").await;
    let with_names = owner.login("test_some_names", "stocktake_pii_reader").await;
    let unrestricted = owner.login("test_all", "stocktake_pii_reader").await;
    owner.execute("insert into inventory.reader_accounts values ('2', 'test_some'), ('2', 'test_some_names')").await;

    let mut filled_count = 0;
    for (from, has_accounts) in readable(owner).await {
        if !has_accounts {
            assert_eq!(from, "reporting.contract");
            continue;
        }
        let (accounts, count) = seen(owner, &from).await;
        filled_count += i64::from(count > 0);
        assert_eq!(seen(&unrestricted, &from).await, (accounts.clone(), count), "{from}");
        let (mine, mine_count) = seen(owner, &format!("(select * from {from} where account_id = '2') mine")).await;
        assert!(count == 0 || (accounts.len() == 2 && mine_count < count), "{from}: {accounts:?}");
        assert_eq!(seen(&with_names, &from).await, (mine.clone(), mine_count), "{from}");
        if !from.starts_with("reporting_pii") {
            assert_eq!(seen(&restricted, &from).await, (mine, mine_count), "{from}");
        }
    }
    assert!(filled_count > 20, "{filled_count}");

    let mut conn = PgConnection::connect(&with_names.url).await.unwrap();
    // Tells whatever reaches it: cheap, so that the planner would rather ask it first.
    let spy = format!(
        "create function pg_temp.spy(account_id text) returns boolean language plpgsql immutable cost 0.0000001 as
             $$ begin if account_id = '{ACCOUNT_ID}' then raise exception 'seen' using errcode = '22000'; end if; return true; end $$;
         create function pg_temp.spy(one text, other text) returns boolean language sql immutable cost 0.0000001
             return pg_temp.spy(one);
         create operator pg_temp.=== (leftarg = text, rightarg = text, function = pg_temp.spy)"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(spy)).execute(&mut conn).await.unwrap();
    for (from, _) in readable(owner).await.into_iter().filter(|(_, has_accounts)| *has_accounts) {
        for query in [
            format!("select * from {from} where pg_temp.spy(account_id)"),
            format!("select * from {from} where account_id operator(pg_temp.===) 'x'"),
            format!("select * from {from} where 1 / (case account_id when '{ACCOUNT_ID}' then 0 else 1 end) = 1"),
            format!(
                "set role stocktake_pii_reader; select 1 / (account_id <> '{ACCOUNT_ID}')::int from {from}; reset role"
            ),
        ] {
            sqlx::raw_sql(sqlx::AssertSqlSafe(query.clone()))
                .fetch_all(&mut conn)
                .await
                .unwrap_or_else(|error| panic!("{query}: {error}"));
        }
    }
    for (act, refused) in [
        ("set row_security = off; select from reporting.scans", "42501"),
        ("set session authorization test_all", "42501"),
        ("set role stocktake_views", "42501"),
        ("select from inventory.scans", "42501"),
        ("select from inventory.reader_accounts", "42501"),
        ("delete from inventory.reader_accounts", "42501"),
        ("alter view reporting.scans owner to current_user", "42501"),
        ("alter table inventory.scans disable row level security", "42501"),
        ("drop policy reader_accounts on inventory.scans", "42501"),
        ("create policy mine on inventory.scans using (true)", "42501"),
    ] {
        assert_eq!(code(&mut conn, act).await, refused, "{act}");
        sqlx::raw_sql("reset row_security").execute(&mut conn).await.unwrap();
    }
    let remembered: i64 = sqlx::query_scalar("select count(*) from pg_stats where schemaname = 'inventory'")
        .fetch_one(&mut conn)
        .await
        .unwrap();
    assert_eq!(remembered, 0, "what the planner knows of the values");
    conn.close().await.unwrap();

    // Whoever works goes on; what comes later is restricted before anybody reads it.
    world.scan_both().await;
    owner.execute("create view reporting.later as select account_id from inventory.scans").await;
    sqlx::query("select from reporting.later").fetch_all(&restricted.pool).await.unwrap_err();
    assert!(owner.store.has_loose_readers().await.unwrap());
    // As a restore leaves it that could not make the policies, for want of their role.
    owner.execute("drop policy reader_accounts on inventory.scans").await;
    owner.execute("create table inventory.later (account_id text primary key)").await;
    assert_eq!(owner.store.migrate().await.unwrap().roles_refusal, None);
    assert!(!owner.store.has_loose_readers().await.unwrap());
    assert_eq!(seen(&restricted, "reporting.later").await.0, ["2"]);
    assert_eq!(seen(&unrestricted, "reporting.later").await.0.len(), 2);
    let bare = owner
        .rows(
            "select c.oid::regclass from pg_class c
             where c.relnamespace = 'inventory'::regnamespace and c.relkind in ('r', 'p') and c.relname <> 'reader_accounts'
               and (not c.relrowsecurity
                    or (select count(*) from pg_policy p where p.polrelid = c.oid
                        and p.polname in ('everybody', 'reader_accounts')) <> 2)",
        )
        .await;
    assert!(bare.is_empty(), "{bare:?}");

    // Renaming a login or naming a group would restrict nobody, and is noticed.
    let mut admin = PgConnection::connect(&owner.url).await.unwrap();
    for stranger in ["test_nobody", "TEST_SOME", "stocktake_reader"] {
        let insert = format!("insert into inventory.reader_accounts values ('2', '{stranger}')");
        assert_eq!(code(&mut admin, &insert).await, "42704", "{stranger}");
        let update =
            format!("update inventory.reader_accounts set role_name = '{stranger}' where role_name = 'test_some'");
        assert_eq!(code(&mut admin, &update).await, "42704", "{stranger}");
    }
    admin.close().await.unwrap();
}

#[tokio::test]
async fn nothing_is_restricted_until_a_login_is_named() {
    let database = TestDatabase::create().await;
    let touched = database
        .rows("select relname from pg_class where relrowsecurity or relowner = 'stocktake_views'::regrole")
        .await;
    assert!(touched.is_empty(), "{touched:?}");
}
