//! What holds across the views: the state at an instant, and that they agree.

use chrono::{DateTime, TimeDelta, Utc};
use emulator::LifecycleRates;
use stocktake::clock::Clock;

use crate::support::{World, account, instant, stock};

#[tokio::test]
async fn the_history_at_an_instant_is_what_the_views_showed_then() {
    const CODES_NOW: &str = "
        select account_id, account_name, access_token_id, version_no, status, token_name, description, ttl_days,
               max_use_count, created_at, expires_at
        from reporting.access_tokens order by access_token_id";
    const DEVICES_NOW: &str = "
        select account_id, account_name, device_key, version_no, status, user_key, activated_at
        from reporting.mfa_devices order by device_key";
    let then = |now: &str, view: &str, at: DateTime<Utc>| {
        now.replace(&format!("reporting.{view}"), &format!("reporting.{view}_as_of('{}')", at.to_rfc3339()))
    };

    let account = account().generated(80, 40).rates(LifecycleRates::lively(80, 40));
    let world = World::of(account, |_| {}).await;
    let before_all = world.clock.now();
    let mut snapshots = Vec::new();
    for _ in 0..8 {
        world.advance(TimeDelta::hours(60));
        world.scan_both().await;
        let codes = world.database.rows(CODES_NOW).await;
        let devices = world.database.rows(DEVICES_NOW).await;
        snapshots.push((world.clock.now(), codes, devices));
    }
    assert!(snapshots.windows(2).all(|pair| pair[0].1 != pair[1].1), "each scan should have found a change");
    for (at, codes, devices) in &snapshots {
        // A day later nothing had been read that was newer.
        for at in [*at, *at + TimeDelta::hours(24)] {
            assert_eq!(&world.database.rows(&then(CODES_NOW, "access_tokens", at)).await, codes, "{at}");
            assert_eq!(&world.database.rows(&then(DEVICES_NOW, "mfa_devices", at)).await, devices, "{at}");
        }
    }
    assert!(world.database.rows(&then(CODES_NOW, "access_tokens", before_all)).await.is_empty());
    assert!(world.database.rows(&then(DEVICES_NOW, "mfa_devices", before_all)).await.is_empty());

    // At the very instant of a change the new version holds, a microsecond before it the old one.
    let wrong = world
        .database
        .rows(
            "select h.access_token_id, h.version_no
             from reporting.access_token_history h
             cross join lateral (
                 select (select version_no from reporting.access_tokens_as_of(h.valid_from_at) f
                         where (f.account_id, f.access_token_id) = (h.account_id, h.access_token_id)) as at_start,
                        (select version_no from reporting.access_tokens_as_of(h.valid_to_at) f
                         where (f.account_id, f.access_token_id) = (h.account_id, h.access_token_id)) as at_end,
                        (select version_no
                         from reporting.access_tokens_as_of(h.valid_to_at - interval '1 microsecond') f
                         where (f.account_id, f.access_token_id) = (h.account_id, h.access_token_id)) as before_end
             ) found
             where at_start is distinct from h.version_no
                or (h.valid_to_at is not null and before_end is distinct from h.version_no)
                or at_end = h.version_no",
        )
        .await;
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[tokio::test]
async fn the_views_agree_with_each_other() {
    let World { database, .. } = World::lived_in().await;
    for (rule, violations) in [
        (
            "a live code is the current version of its history",
            "select t.access_token_id from reporting.access_tokens t
             full join (select * from reporting.access_token_history where is_current) h
                 using (account_id, access_token_id, version_no)
             where t.status is distinct from h.status",
        ),
        (
            "a live device is the current version of its history",
            "select d.device_key from reporting.mfa_devices d
             full join (select * from reporting.mfa_device_history where is_current) h
                 using (account_id, device_key, version_no)
             where d.status is distinct from h.status or d.user_key is distinct from h.user_key",
        ),
        (
            "a live code is in one current step, of its status, and a deleted one in none",
            "select t.access_token_id from reporting.access_tokens_all t
             left join reporting.access_token_lifecycle l
                 on (l.account_id, l.access_token_id) = (t.account_id, t.access_token_id) and l.is_current
             group by t.account_id, t.access_token_id, t.is_deleted, t.status
             having count(l.step_no) <> case when t.is_deleted then 0 else 1 end
                 or bool_or(l.status <> t.status)",
        ),
        (
            "steps follow each other without an overlap and are numbered without a gap",
            "select access_token_id from (
                 select l.*, lead(started_at) over life as next_at, row_number() over life as place
                 from reporting.access_token_lifecycle l
                 window life as (partition by account_id, access_token_id order by step_no)
             ) steps
             where ended_at > next_at or ended_at < started_at or place <> step_no or duration_seconds < 0",
        ),
        (
            "an estimate lies within its bounds",
            "select access_token_id from reporting.access_token_transitions
             where estimated_at not between not_before_at and not_after_at or uncertainty_seconds < 0
             union all
             select device_key::text from reporting.mfa_device_transitions
             where estimated_at not between not_before_at and not_after_at or uncertainty_seconds < 0
             union all
             select access_token_id from reporting.access_token_activation
             where activation_seconds not between activation_min_seconds and activation_max_seconds
                or (is_activated and created_at is not null) <> (activation_max_seconds is not null)",
        ),
        (
            "freshness counts what the views show",
            "select source from reporting.freshness f
             where live_count <> case source
                 when 'access-tokens' then (select count(*) from reporting.access_tokens)
                 else (select count(*) from reporting.mfa_devices) end",
        ),
        (
            "holders are counted as the devices show them",
            "select user_key from reporting.mfa_devices_by_user u
             where device_count <> (select count(*) from reporting.mfa_devices d where d.user_key = u.user_key)
                or has_virtual_mfa <> (device_count > 0)",
        ),
        (
            "a last proof is neither before the first nor after a deletion",
            "select access_token_id from reporting.access_tokens_all
             where last_seen_at < first_seen_at or last_seen_at > deleted_at",
        ),
        (
            "every row names its account",
            "select account_id from reporting.scans where account_name is distinct from 'prod'
             union all select account_id from reporting.access_token_history where account_name is distinct from 'prod'
             union all select account_id from reporting.retention_log where account_name is distinct from 'prod'",
        ),
    ] {
        let found = database.rows(violations).await;
        assert!(found.is_empty(), "{rule}: {found:?}");
    }
}

#[tokio::test]
async fn an_estimate_is_the_same_instant_in_every_time_zone() {
    // Clocks in New York went forward on the 8th: that Sunday had 23 hours.
    let begin = instant("2026-03-07T12:00:00Z");
    let world = World::at(begin, account().rates(LifecycleRates::frozen()).inventory(stock(3, 2)), |_| {}).await;
    world.scan_both().await;
    world.advance(TimeDelta::days(3));
    world.edit(|inventory| inventory.token_mut("at-0000").unwrap().status = "activated".into());
    let serial = world.edit(|inventory| inventory.devices().next().unwrap().serial_number.clone());
    world.edit(|inventory| drop(inventory.remove_device(&serial)));
    world.scan_both().await;
    for (view, estimate) in [
        ("access_token_transitions", "estimated_at"),
        ("access_token_activation", "activated_at"),
        ("mfa_device_transitions", "estimated_at"),
    ] {
        let query = format!("select {estimate} from reporting.{view} where {estimate} > '2026-03-08' order by 1");
        let mut told = Vec::new();
        for zone in ["UTC", "America/New_York"] {
            let mut tx = world.database.pool.begin().await.unwrap();
            let statement = format!("set local time zone '{zone}'");
            sqlx::raw_sql(sqlx::AssertSqlSafe(statement)).execute(&mut *tx).await.unwrap();
            let instants: Vec<DateTime<Utc>> =
                sqlx::query_scalar(sqlx::AssertSqlSafe(query.clone())).fetch_all(&mut *tx).await.unwrap();
            told.push(instants);
        }
        assert!(!told[0].is_empty() && told[0] == told[1], "{view}: {told:?}");
    }
}
