//! The daily views: no day is missing, each count is what the history held when the day ended, and no purge changes them.

use chrono::TimeDelta;
use emulator::{Fault, LifecycleRates, MfaDevice, status};
use stocktake::{
    clock::Clock,
    inventory::Source,
    scan::Refresh,
    store::{MIGRATOR, Outcome},
    worker::ScanRequest,
};

use crate::support::{ACCOUNT_ID, TestDatabase, World, account, applied, code, instant, present, transplant, user};

/// Every row of the three views.
const DAYS: &str = "
    select 'code' as of, account_id, account_name, status_date, '' as was, status, token_count, is_observed
    from reporting.access_token_daily_status
    union all
    select 'device', account_id, account_name, status_date, '', status, device_count, is_observed
    from reporting.mfa_device_daily_status
    union all
    select 'change', account_id, account_name, transition_date, from_status, to_status, transition_count, null
    from reporting.access_token_daily_transitions
    order by 1, 2, 4, 5, 6";

/// Where a view differs from what the detail says, and why that is wrong.
const DIFFERENCES: [(&str, &str); 6] = [
    (
        "a count is that of the versions which held at the last instant of the day",
        "select d.* from reporting.access_token_daily_status d
         where d.token_count <> (
             select count(*)
             from reporting.access_tokens_as_of((d.status_date + 1)::timestamp at time zone 'UTC' - interval '1 us') v
             where v.account_id = d.account_id and v.status = d.status)",
    ),
    (
        "the same of devices",
        "select d.* from reporting.mfa_device_daily_status d
         where d.device_count <> (
             select count(*)
             from reporting.mfa_devices_as_of((d.status_date + 1)::timestamp at time zone 'UTC' - interval '1 us') v
             where v.account_id = d.account_id and v.status = d.status)",
    ),
    (
        "each status of each listing has every day from the first scan to today, once",
        "select account_id, listing, status
         from (
             select account_id, 'access-tokens' as listing, status, status_date from reporting.access_token_daily_status
             union all
             select account_id, 'mfa-devices', status, status_date from reporting.mfa_device_daily_status
         ) d
         group by account_id, listing, status
         having (min(status_date), max(status_date)) <> (
                    (select min((s.started_at at time zone 'UTC')::date) from reporting.scans s where s.source = listing),
                    (now() at time zone 'UTC')::date)
             or count(*) <> max(status_date) - min(status_date) + 1
             or count(distinct status_date) <> count(*)",
    ),
    (
        "every status that any version has is there",
        "select account_id, status from reporting.access_token_history
         except
         select account_id, status from reporting.access_token_daily_status",
    ),
    (
        "a day is observed where a complete scan of the listing began, and no other",
        "select * from (
             select 'access-tokens' as listing, status_date, is_observed from reporting.access_token_daily_status
             union
             select 'mfa-devices', status_date, is_observed from reporting.mfa_device_daily_status
         ) d
         where is_observed <> exists (
             select from reporting.scans s
             where s.source = d.listing and s.outcome = 'complete' and (s.started_at at time zone 'UTC')::date = d.status_date)",
    ),
    (
        "the transitions of a day are those whose estimate falls on it",
        "with counted as (
             select account_id, (estimated_at at time zone 'UTC')::date, from_status, to_status, count(*)
             from reporting.access_token_transitions
             group by 1, 2, 3, 4
         ),
         kept as (
             select account_id, transition_date, from_status, to_status, transition_count
             from reporting.access_token_daily_transitions
         )
         (table counted except all table kept) union all (table kept except all table counted)",
    ),
];

#[tokio::test]
async fn days_tell_what_the_history_held_and_survive_its_purge() {
    let account = account().generated(60, 40).rates(LifecycleRates::lively(60, 40));
    let world = World::at(present() - TimeDelta::days(14), account, |_| {}).await;
    world.scan_both().await;
    for hours in [17, 3, 26, 50, 9, 31, 5, 72, 14, 40] {
        world.advance(TimeDelta::hours(hours));
        world.scan_both().await;
    }
    for (rule, differences) in DIFFERENCES {
        assert_eq!(world.database.rows(differences).await, [""; 0], "{rule}");
    }
    let days = world.database.rows(DAYS).await;
    let carried = days.iter().filter(|day| day.ends_with(",f)")).count();
    let changes = days.iter().filter(|day| day.starts_with("(change,")).count();
    assert!(carried > 10 && changes > 10 && days.len() > 80, "{days:#?}");

    // A database of the program before is counted from what it kept.
    let older = TestDatabase::open(TestDatabase::create_empty().await).await;
    MIGRATOR.run_to(14, &older.pool).await.unwrap();
    transplant(&world.database, &older).await;
    older.store.migrate().await.unwrap();
    assert_eq!(older.rows(DAYS).await, days, "counted afterwards, not while it happened");
    older.remove().await;

    // A reader in another time zone reads the same days.
    let mut tx = world.database.pool.begin().await.unwrap();
    sqlx::raw_sql("set local time zone 'Pacific/Kiritimati'").execute(&mut *tx).await.unwrap();
    let query = format!("select found::text from ({DAYS}) found");
    let read: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&mut *tx).await.unwrap();
    assert_eq!(read, days);
    tx.rollback().await.unwrap();

    let purges = world.database.purge(world.clock.now() - TimeDelta::days(1), false).await;
    for detail in ["access_token_history", "access_token_transitions", "mfa_device_history"] {
        let gone = purges.iter().any(|purge| purge.dataset == detail && purge.deleted_count > 0);
        assert!(gone, "nothing of {detail} was purged: {purges:?}");
    }
    assert_eq!(world.database.rows(DAYS).await, days, "a purge changed what the days say");
}

/// Each day's counts, and whether it was observed.
async fn code_days(world: &World) -> Vec<String> {
    let days = "
        select substr(status_date::text, 6), string_agg(token_count || ' ' || status, ', ' order by status), is_observed::text
        from reporting.access_token_daily_status
        where status_date < '2026-06-10'
        group by status_date, is_observed
        order by status_date";
    world.database.lines(days).await
}

#[tokio::test]
async fn a_day_is_what_it_was_when_it_ended_whoever_saw_it() {
    let mut world = World::of(account().rates(LifecycleRates::frozen()), |_| {}).await;
    let put = |number: usize, status: &'static str| {
        let mut code = code(number * 3);
        code.status = status.into();
        world.edit(|inventory| inventory.insert_token(code));
    };
    let id = |number: usize| code(number * 3).id;
    let set = |number: usize, status: &'static str| {
        world.edit(|inventory| inventory.token_mut(&id(number)).unwrap().status = status.into());
    };
    put(1, status::UNACTIVATED);
    put(2, status::UNACTIVATED);
    let noon = |day: u32| world.advance(instant(&format!("2026-06-{day:02}T12:00:00Z")) - world.clock.now());

    // Several changes in one day, one of them to a status that no program knows.
    world.scan_whole(Source::AccessTokens).await;
    set(1, status::ACTIVATED);
    world.scan_whole(Source::AccessTokens).await;
    set(1, "suspended");
    world.scan_whole(Source::AccessTokens).await;
    // A change that is none of status, and a scan that finds nothing, write no count.
    let written = "
        select md5(string_agg(entry, ',' order by entry)) from (
            select 'c' || ctid || xmin as entry from inventory.daily_changes
            union all select 't' || ctid || xmin from inventory.access_token_daily_transitions
            union all select 'o' || ctid || xmin from inventory.observed_days) entries";
    let before: String = world.database.value(written).await;
    world.edit(|inventory| inventory.token_mut(&id(2)).unwrap().description = Some("described".into()));
    world.scan_whole(Source::AccessTokens).await;
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(world.database.value::<String>(written).await, before);

    // The 2nd passes unseen; on the 3rd a scan that is not complete sees a new code, in a new status.
    noon(3);
    put(3, "withdrawn");
    world.emulator.add_fault(Fault::total_count("9").action("ListAccessTokens").always());
    assert_eq!(applied(&world.scan(Source::AccessTokens).await).outcome, Outcome::Incomplete);
    world.emulator.clear_faults();
    // The 4th proves that one is gone; on the 5th it is back, and a refresh of this one code sees it.
    noon(4);
    let gone = world.edit(|inventory| inventory.remove_token(&id(2))).unwrap();
    world.scan_whole(Source::AccessTokens).await;
    noon(5);
    world.edit(|inventory| inventory.insert_token(gone));
    let refresh = Refresh { ids: vec![id(2)], ..Refresh::default() };
    let request = ScanRequest { refresh: Some(refresh), ..ScanRequest::default() };
    assert!(world.scan_with(Source::AccessTokens, &request).await.is_success());
    // On the 6th the brake holds what is gone: it still counts.
    noon(6);
    world.edit(|inventory| (1..=3).for_each(|number| drop(inventory.remove_token(&id(number)))));
    world.reconfigure(|config| (config.scan.max_delete_count, config.scan.max_delete_ratio) = (0, 0.0));
    assert_eq!(applied(&world.scan(Source::AccessTokens).await).outcome, Outcome::Held);
    // On the 8th another worker is let through.
    world.advance(TimeDelta::days(2));
    let approving = ScanRequest { approved_delete_count: Some(3), ..ScanRequest::default() };
    let other = world.another_worker(&world.database);
    assert!(other.scan(&other.accounts()[0], Source::AccessTokens, &approving).await.is_success());
    assert_eq!(
        code_days(&world).await,
        [
            "06-01 | 0 activated, 0 expired, 1 suspended, 1 unactivated, 0 withdrawn | true",
            "06-02 | 0 activated, 0 expired, 1 suspended, 1 unactivated, 0 withdrawn | false",
            "06-03 | 0 activated, 0 expired, 1 suspended, 1 unactivated, 1 withdrawn | false",
            "06-04 | 0 activated, 0 expired, 1 suspended, 0 unactivated, 1 withdrawn | true",
            "06-05 | 0 activated, 0 expired, 1 suspended, 1 unactivated, 1 withdrawn | false",
            "06-06 | 0 activated, 0 expired, 1 suspended, 1 unactivated, 1 withdrawn | false",
            "06-07 | 0 activated, 0 expired, 1 suspended, 1 unactivated, 1 withdrawn | false",
            "06-08 | 0 activated, 0 expired, 0 suspended, 0 unactivated, 0 withdrawn | true",
            "06-09 | 0 activated, 0 expired, 0 suspended, 0 unactivated, 0 withdrawn | false",
        ]
    );
    for (rule, differences) in DIFFERENCES {
        assert_eq!(world.database.rows(differences).await, [""; 0], "{rule}");
    }
}

#[tokio::test]
async fn a_status_without_an_object_is_there_from_the_first_day() {
    let world = World::of(account().rates(LifecycleRates::frozen()), |_| {}).await;
    let device_days = "
        select substr(status_date::text, 6), status, device_count::text, is_observed::text
        from reporting.mfa_device_daily_status
        where status_date < '2026-06-03'
        order by status_date, status";
    assert_eq!(world.database.lines(device_days).await, [""; 0], "nothing is known of a listing that was never read");
    world.scan_whole(Source::MfaDevices).await;
    let serial = format!("acs:ram::{ACCOUNT_ID}:mfa/one");
    let bound = MfaDevice::bound(serial, user(1), world.clock.now());
    world.advance(TimeDelta::days(1));
    world.edit(|inventory| inventory.insert_device(bound));
    world.scan_whole(Source::MfaDevices).await;
    assert_eq!(
        world.database.lines(device_days).await,
        [
            "06-01 | bound | 0 | true",
            "06-01 | unbound | 0 | true",
            "06-02 | bound | 1 | true",
            "06-02 | unbound | 0 | true",
        ]
    );

    // Nobody writes the counts but the rows that are counted: not their owner, and the worker has no right to.
    let database = &world.database;
    for table in ["daily_changes", "access_token_daily_transitions", "observed_days"] {
        for act in [
            format!("insert into inventory.{table} default values"),
            format!("update inventory.{table} set account_id = '1'"),
            format!("delete from inventory.{table}"),
            format!("truncate inventory.{table}"),
        ] {
            let error = sqlx::raw_sql(sqlx::AssertSqlSafe(act.clone())).execute(&database.pool).await.unwrap_err();
            assert!(error.to_string().contains(" is refused: counts "), "{act}: {error}");
            for role in ["stocktake_worker", "stocktake_retention"] {
                let mut tx = database.pool.begin().await.unwrap();
                let attempt = format!("set local role {role}; {act}");
                let error = sqlx::raw_sql(sqlx::AssertSqlSafe(attempt)).execute(&mut *tx).await.unwrap_err();
                assert!(error.to_string().contains("permission denied"), "{role}: {act}: {error}");
                tx.rollback().await.unwrap();
            }
        }
    }

    // An account's days are found by its indexes, and no history is read for them.
    for (view, count) in [("access_token_daily_status", "token_count"), ("mfa_device_daily_status", "device_count")] {
        let explain = format!(
            "explain select {count}, is_observed from reporting.{view} where account_id = '1' and status_date = '2026-06-01'"
        );
        let mut tx = database.pool.begin().await.unwrap();
        // Of tables as small as these, a sequential scan would be the better plan.
        sqlx::raw_sql("set local enable_seqscan = off; set local enable_bitmapscan = off")
            .execute(&mut *tx)
            .await
            .unwrap();
        let plan: Vec<String> = sqlx::query_scalar(sqlx::AssertSqlSafe(explain)).fetch_all(&mut *tx).await.unwrap();
        let plan = plan.join("\n");
        assert!(plan.matches("account_id = '1'::text").count() >= 2, "{plan}");
        assert!(!plan.contains("Seq Scan") && !plan.contains("history"), "{plan}");
    }
}
