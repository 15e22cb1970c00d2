//! Lifecycle and activation of a code, against the instants that are known.

use chrono::{DateTime, TimeDelta, Utc};
use emulator::status;
use stocktake::inventory::Source;

use super::{code, scan_codes, set_status};
use crate::support::{World, instant};

#[tokio::test]
async fn the_lifecycle_tells_one_step_a_status_with_exact_instants_where_they_are_known() {
    #[derive(Debug, sqlx::FromRow)]
    struct Step {
        step_no: i32,
        status: String,
        started_at: DateTime<Utc>,
        ended_at: Option<DateTime<Utc>>,
        duration_seconds: Option<f64>,
        is_start_exact: bool,
        is_current: bool,
    }
    let world = World::empty().await;
    scan_codes(&world, vec![code("at-base", instant("2026-05-20T10:00:00Z"), 90, status::UNACTIVATED)]).await;
    world.advance(TimeDelta::minutes(10));
    let created_at = world.emulator.now();
    world.edit(|inventory| inventory.insert_token(code("at-life", created_at, 1, status::UNACTIVATED)));
    world.advance(TimeDelta::minutes(10));
    world.scan_whole(Source::AccessTokens).await; // version 1
    set_status(&world, "at-life", status::ACTIVATED);
    world.scan_whole(Source::AccessTokens).await; // version 2
    world.edit(|inventory| inventory.token_mut("at-life").unwrap().description = Some("another version".into()));
    world.scan_whole(Source::AccessTokens).await; // version 3, of the same status
    world.advance(TimeDelta::hours(30));
    world.scan_whole(Source::AccessTokens).await; // version 4
    let removed = world.edit(|inventory| inventory.remove_token("at-life")).unwrap();
    world.scan_whole(Source::AccessTokens).await;
    let deleted_at: DateTime<Utc> =
        world.database.value("select deleted_at from reporting.access_tokens_all where is_deleted").await;

    let steps = async |id: &str| -> Vec<Step> {
        sqlx::query_as(
            "select step_no, status, started_at, ended_at, duration_seconds, is_start_exact, is_current
             from reporting.access_token_lifecycle where access_token_id = $1 order by step_no",
        )
        .bind(id)
        .fetch_all(&world.database.pool)
        .await
        .unwrap()
    };
    let read_at: Vec<DateTime<Utc>> = sqlx::query_scalar(
        "select valid_from_at from reporting.access_token_history where access_token_id = 'at-life' order by version_no",
    )
    .fetch_all(&world.database.pool)
    .await
    .unwrap();
    let expires_at = created_at + TimeDelta::days(1);
    let facts = |steps: &[Step]| -> Vec<_> {
        steps.iter().map(|step| (step.status.clone(), step.started_at, step.ended_at, step.is_start_exact)).collect()
    };
    let mut told = vec![
        ("unactivated".to_owned(), created_at, Some(read_at[1]), true),
        ("activated".to_owned(), read_at[1], Some(expires_at), false),
        ("expired".to_owned(), expires_at, Some(deleted_at), true),
    ];
    assert_eq!(facts(&steps("at-life").await), told);

    world.edit(|inventory| inventory.insert_token(removed));
    world.scan_whole(Source::AccessTokens).await;
    let returned_at: DateTime<Utc> = world
        .database
        .value("select valid_from_at from reporting.access_token_history where change_kind = 'reappeared'")
        .await;
    told.push(("expired".to_owned(), returned_at, None, false));
    let life = steps("at-life").await;
    assert_eq!(facts(&life), told, "being away is no step");
    for (index, step) in life.iter().enumerate() {
        assert_eq!(step.step_no as usize, index + 1);
        assert_eq!(step.is_current, index == 3);
        let seconds = step.ended_at.map(|ended_at| (ended_at - step.started_at).as_seconds_f64());
        assert_eq!(step.duration_seconds, seconds, "{step:?}");
    }

    let base = steps("at-base").await;
    assert_eq!(base.len(), 1);
    let first_seen_at: DateTime<Utc> = world
        .database
        .value("select first_seen_at from reporting.access_tokens where access_token_id = 'at-base'")
        .await;
    assert_eq!((base[0].started_at, base[0].is_start_exact, base[0].is_current), (first_seen_at, false, true));
}

#[tokio::test]
async fn activation_is_told_by_bounds_that_hold_the_truth() {
    let world = World::empty().await;
    let old = instant("2026-05-30T08:00:00Z");
    scan_codes(
        &world,
        vec![code("at-baseline", old, 90, status::ACTIVATED), code("at-never", old, 90, status::UNACTIVATED)],
    )
    .await;
    world.advance(TimeDelta::minutes(10));
    let created_at = world.emulator.now();
    scan_codes(&world, vec![code("at-seen", created_at, 90, status::UNACTIVATED)]).await;
    world.advance(TimeDelta::minutes(30));
    world.scan_whole(Source::AccessTokens).await; // the last proof that it was not
    world.advance(TimeDelta::minutes(20));
    let appeared_created_at = world.emulator.now();
    world.edit(|inventory| inventory.insert_token(code("at-appeared", appeared_created_at, 90, status::ACTIVATED)));
    let activated_at = world.emulator.now();
    set_status(&world, "at-seen", status::ACTIVATED);
    world.advance(TimeDelta::minutes(20));
    world.scan_whole(Source::AccessTokens).await;

    type Row = (bool, Option<f64>, Option<f64>, Option<f64>, Option<DateTime<Utc>>);
    let told = async |id: &str| -> Row {
        sqlx::query_as(
            "select is_activated, activation_min_seconds, activation_max_seconds, activation_seconds, activated_at
             from reporting.access_token_activation where access_token_id = $1",
        )
        .bind(id)
        .fetch_one(&world.database.pool)
        .await
        .unwrap()
    };
    let (is_activated, least, most, estimate, middle) = told("at-seen").await;
    let (least, most, estimate) = (least.unwrap(), most.unwrap(), estimate.unwrap());
    let truth = (activated_at - created_at).as_seconds_f64();
    assert!(is_activated && least <= truth && truth <= most, "{least} {truth} {most}");
    assert!((least - 1801.0).abs() < 3.0, "the last proof of the old status: {least}");
    assert!((most - 4203.0).abs() < 3.0, "the first reading as activated: {most}");
    assert!((estimate - f64::midpoint(least, most)).abs() < 1e-3, "{least} {estimate} {most}");
    assert!((middle.unwrap() - created_at).as_seconds_f64() - estimate < 1e-3);

    let (is_activated, least, most, estimate, middle) = told("at-appeared").await;
    assert!(is_activated && middle.is_some());
    assert_eq!(least, Some(0.0));
    assert!((most.unwrap() - 1201.0).abs() < 2.0 && (estimate.unwrap() - 600.5).abs() < 2.0, "{most:?} {estimate:?}");

    let (is_activated, least, most, estimate, middle) = told("at-baseline").await;
    assert_eq!((is_activated, least, estimate, middle), (true, Some(0.0), None, None), "nobody saw it");
    let age = (instant("2026-06-01T08:00:01Z") - old).as_seconds_f64();
    assert!((most.unwrap() - age).abs() < 2.0, "its age at the baseline: {most:?}");

    assert_eq!(told("at-never").await, (false, None, None, None, None));

    // A deleted code keeps what was learnt of it.
    let before = told("at-seen").await;
    world.edit(|inventory| inventory.remove_token("at-seen"));
    world.scan_whole(Source::AccessTokens).await;
    assert_eq!(told("at-seen").await, before);
}
