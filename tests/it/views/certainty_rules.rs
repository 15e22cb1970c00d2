//! What is known of the state at an instant, rule by rule, over lives that are written down here.

use crate::support::TestDatabase;

/// A reading of an object: its state (`deleted` where it was missed), when, and the transition that was recorded:
/// from when on it was possible, and the instant itself where that is known.
type Reading = (&'static str, &'static str, Option<(&'static str, Option<&'static str>)>);

const DAY: &str = "2026-03-02T";

fn at(time: &str) -> String {
    format!("'{DAY}{time}Z'::timestamptz")
}

fn known_at(time: Option<&str>) -> String {
    time.map_or("null".to_owned(), at)
}

/// The targets were last read whole at noon.
async fn database() -> TestDatabase {
    let database = TestDatabase::create().await;
    let noon = at("12:00");
    database
        .execute(&format!(
            "insert into inventory.accounts values ('1', 'prod', {noon});
             insert into inventory.targets (account_id, source, complete_started_at)
             values ('1', 'access-tokens', {noon}), ('1', 'mfa-devices', {noon})"
        ))
        .await;
    database
}

/// Writes down the life of a code as scans would have.
async fn read_code(database: &TestDatabase, id: &str, created_at: Option<&str>, life: &[Reading]) {
    let created_at = known_at(created_at);
    let mut before: Option<&str> = None;
    for (status, read_at, transition) in life {
        let read_at = at(read_at);
        let kind = if transition.is_some() { "appeared" } else { "baseline" };
        let row = match (before, *status) {
            (None, _) => format!(
                "insert into inventory.access_tokens (account_id, access_token_id, version_no, valid_from_at,
                     first_seen_at, status, status_since_at, created_at, ttl_days, extra, digest, change_kind,
                     changed_columns, scan_id)
                 values ('1', '{id}', 1, {read_at}, {read_at}, '{status}', {read_at}, {created_at}, 90, '{{}}', 0,
                     '{kind}', '{{}}', 1)"
            ),
            (Some(_), "deleted") => format!(
                "update inventory.access_tokens set deleted_at = {read_at}, deleted_scan_id = 1
                 where access_token_id = '{id}'"
            ),
            (Some(_), _) => format!(
                "update inventory.access_tokens
                 set version_no = version_no + 1, valid_from_at = {read_at}, status = '{status}',
                     created_at = {created_at}, change_kind = 'changed', deleted_at = null, deleted_scan_id = null
                 where access_token_id = '{id}'"
            ),
        };
        database.execute(&row).await;
        if let Some((not_before, occurred)) = transition {
            let from = before.map_or("null".to_owned(), |before| format!("'{before}'"));
            let (not_before, occurred_at) = (at(not_before), known_at(*occurred));
            let basis = if occurred.is_some() { "expiry" } else { "bounded" };
            database
                .execute(&format!(
                    "insert into inventory.access_token_transitions values ('1', '{id}', {not_before}, {read_at},
                         {from}, '{status}', {occurred_at}, '{basis}', true, null, 1)"
                ))
                .await;
        }
        before = Some(status);
    }
}

/// The same of a device; the state of a bound one is the number of its user.
async fn read_device(database: &TestDatabase, serial: &str, activated_at: Option<&str>, life: &[Reading]) {
    let activated_at = known_at(activated_at);
    let key = format!("(select device_key from inventory.mfa_devices where serial_number = '{serial}')");
    let name = |state: &str| if state.parse::<i64>().is_ok() { "bound".to_owned() } else { state.to_owned() };
    let user = |state: &str| state.parse::<i64>().map_or("null".to_owned(), |user| user.to_string());
    let mut before: Option<&str> = None;
    for (state, read_at, transition) in life {
        let (read_at, status, holder) = (at(read_at), name(state), user(state));
        let kind = if transition.is_some() { "appeared" } else { "baseline" };
        let activated_at = if holder == "null" { "null" } else { &activated_at };
        let row = match (before, *state) {
            (None, _) => format!(
                "insert into inventory.mfa_devices (account_id, serial_number, version_no, valid_from_at, first_seen_at,
                     status, status_since_at, user_key, activated_at, extra, digest, change_kind, changed_columns, scan_id)
                 values ('1', '{serial}', 1, {read_at}, {read_at}, '{status}', {read_at}, {holder}, {activated_at},
                     '{{}}', 0, '{kind}', '{{}}', 1)"
            ),
            (Some(_), "deleted") => format!(
                "update inventory.mfa_devices set deleted_at = {read_at}, deleted_scan_id = 1
                 where serial_number = '{serial}'"
            ),
            (Some(_), _) => format!(
                "update inventory.mfa_devices
                 set version_no = version_no + 1, valid_from_at = {read_at}, status = '{status}', user_key = {holder},
                     activated_at = {activated_at}, change_kind = 'changed', deleted_at = null, deleted_scan_id = null
                 where serial_number = '{serial}'"
            ),
        };
        database.execute(&row).await;
        if let Some((not_before, occurred)) = transition {
            let from = before.map_or("null".to_owned(), |before| format!("'{}'", name(before)));
            let from_user = before.map_or("null".to_owned(), user);
            let (not_before, occurred_at) = (at(not_before), known_at(*occurred));
            let basis = if occurred.is_some() { "activate_date" } else { "bounded" };
            database
                .execute(&format!(
                    "insert into inventory.mfa_device_transitions values ('1', {key}, {not_before}, {read_at}, {from},
                         '{status}', {from_user}, {holder}, {occurred_at}, '{basis}', true, null, 1)"
                ))
                .await;
        }
        before = Some(state);
    }
}

/// Says that all that ended before noon may be purged.
async fn log_purge(database: &TestDatabase) {
    let noon = at("12:00");
    database
        .execute(&format!(
            "insert into inventory.retention_log (account_id, dataset, cutoff_at, is_dry_run, started_at, finished_at)
             values ('1', 'access_token_history', {noon}, false, {noon}, {noon}),
                    ('1', 'mfa_device_transitions', {noon}, false, {noon}, {noon})"
        ))
        .await;
}

/// What the answer says: `status | certain or what is possible | between which times`; nothing where there is no row.
async fn code_at(database: &TestDatabase, id: &str, time: &str) -> String {
    let answer = format!(
        "select concat_ws(' | ', coalesce(s.status, '?'), case when s.is_certain then 'certain' else s.possible_statuses end,
                to_char(s.not_before_at at time zone 'UTC', 'HH24:MI:SS'), to_char(s.not_after_at at time zone 'UTC', 'HH24:MI:SS'))
         from reporting.access_token_status_at({}) s where account_id = '1' and access_token_id = '{id}'",
        at(time)
    );
    one(database, &answer).await
}

async fn device_at(database: &TestDatabase, serial: &str, time: &str) -> String {
    let answer = format!(
        "select concat_ws(' | ', concat_ws(' ', coalesce(s.status, '?'), s.user_key),
                case when s.is_certain then 'certain' else s.possible_statuses end,
                case when not s.is_certain then 'of ' || s.possible_user_keys end,
                to_char(s.not_before_at at time zone 'UTC', 'HH24:MI:SS'), to_char(s.not_after_at at time zone 'UTC', 'HH24:MI:SS'))
         from reporting.mfa_device_status_at({}) s
         where account_id = '1' and device_key = (select device_key from inventory.mfa_devices where serial_number = '{serial}')",
        at(time)
    );
    one(database, &answer).await
}

async fn one(database: &TestDatabase, query: &str) -> String {
    let found: Vec<String> =
        sqlx::query_scalar(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&database.pool).await.unwrap();
    assert!(found.len() < 2, "{found:?}");
    found.into_iter().next().unwrap_or_default()
}

#[tokio::test]
async fn the_state_of_a_code_is_certain_where_readings_prove_it_and_else_says_what_is_possible() {
    let database = database().await;
    let bounded = |not_before| Some((not_before, None));
    let known = |not_before, occurred| Some((not_before, Some(occurred)));
    let whole = [
        ("unactivated", "09:00", None),
        ("activated", "09:30:05", bounded("09:15")),
        ("expired", "10:15", known("10:00", "10:07:31")),
        ("deleted", "11:00", bounded("10:45")),
    ];
    read_code(&database, "whole", Some("08:00"), &whole).await;
    read_code(&database, "appeared", Some("08:50"), &[("activated", "09:00:06", bounded("08:45"))]).await;
    let created = [("unactivated", "09:00:06", known("08:45", "09:00:02")), ("activated", "09:15", bounded("09:00"))];
    read_code(&database, "created", Some("09:00:02"), &created).await;
    read_code(&database, "undated", None, &[("unactivated", "09:00:06", bounded("08:45"))]).await;
    let overlapping = [
        ("unactivated", "08:00", None),
        ("activated", "09:00:06", bounded("08:45")),
        ("frozen", "09:15", bounded("09:00")),
    ];
    read_code(&database, "overlapping", Some("07:00"), &overlapping).await;
    let overtaken = [
        ("unactivated", "08:00", None),
        ("activated", "09:00:06", bounded("08:45")),
        ("expired", "09:15", known("09:00", "09:00:03")),
    ];
    read_code(&database, "overtaken", Some("07:00"), &overtaken).await;
    let back = [
        ("activated", "08:00", None),
        ("deleted", "09:00", bounded("08:45")),
        ("activated", "10:00", bounded("09:30")),
    ];
    read_code(&database, "back", Some("07:00"), &back).await;
    read_code(&database, "anew", Some("09:40"), &back).await;
    read_code(&database, "frozen", Some("07:00"), &[("frozen", "08:00", None), ("expired", "10:00", bounded("09:00"))])
        .await;
    read_code(&database, "late", None, &[("expired", "12:30", None)]).await;
    // Whose transitions have been purged.
    let forgotten = [
        ("unactivated", "08:00", None),
        ("unactivated", "09:00", None),
        ("activated", "10:00", None),
        ("deleted", "11:00", None),
    ];
    read_code(&database, "forgotten", Some("07:00"), &forgotten).await;
    // Whose first version has been purged.
    read_code(&database, "purged", Some("07:00"), &[("unactivated", "08:00", None), ("activated", "09:00", None)])
        .await;
    database
        .execute(
            "set session_replication_role = replica;
             delete from inventory.access_token_history where access_token_id = 'purged';
             reset session_replication_role",
        )
        .await;

    let cases = [
        // The baseline says nothing of the time before but that the code was there.
        ("whole", "07:59:59", ""),
        ("whole", "08:00", "? | unactivated,activated | 08:00:00 | 09:00:00"),
        ("whole", "08:59:59", "? | unactivated,activated | 08:00:00 | 09:00:00"),
        ("whole", "09:00", "unactivated | certain"),
        ("whole", "09:15", "unactivated | certain"),
        ("whole", "09:15:00.000001", "unactivated | unactivated,activated | 09:15:00 | 09:30:05"),
        ("whole", "09:30:04.999999", "unactivated | unactivated,activated | 09:15:00 | 09:30:05"),
        ("whole", "09:30:05", "activated | certain"),
        ("whole", "10:00", "activated | certain"),
        // It is not known to have expired from activated: it may have been disabled before.
        ("whole", "10:07:30", "activated | activated,unactivated | 10:00:00 | 10:07:31"),
        ("whole", "10:07:31", "expired | certain"),
        ("whole", "10:14:59", "expired | certain"),
        ("whole", "10:45", "expired | certain"),
        ("whole", "10:45:01", "expired | expired,deleted | 10:45:00 | 11:00:00"),
        ("whole", "11:00", ""),
        // Before its creation it was not there, whatever the last scan proves.
        ("appeared", "08:49:59", ""),
        ("appeared", "08:50", "? | unactivated,activated | 08:50:00 | 09:00:06"),
        ("appeared", "09:00:06", "activated | certain"),
        ("created", "09:00:01", ""),
        ("created", "09:00:02", "unactivated | unactivated,activated | 09:00:00 | 09:15:00"),
        ("undated", "08:45", ""),
        ("undated", "08:45:01", "absent | absent,unactivated | 08:45:00 | 09:00:06"),
        // While a page travelled, both changes were possible.
        ("overlapping", "09:00", "unactivated | unactivated,activated | 08:45:00 | 09:00:06"),
        ("overlapping", "09:00:03", "unactivated | unactivated,activated,frozen | 08:45:00 | 09:15:00"),
        ("overlapping", "09:00:06", "activated | activated,frozen | 09:00:00 | 09:15:00"),
        // A known instant puts an end to the doubt about what came before it.
        ("overtaken", "09:00:02", "unactivated | unactivated,activated,unactivated | 08:45:00 | 09:00:06"),
        ("overtaken", "09:00:03", "expired | certain"),
        ("back", "08:45:01", "activated | activated,unactivated,expired,deleted | 08:45:00 | 09:00:00"),
        ("back", "09:00", ""),
        ("back", "09:30", ""),
        ("back", "09:30:01", "deleted | deleted,unactivated,activated | 09:30:00 | 10:00:00"),
        ("anew", "09:39:59", ""),
        ("anew", "09:40", "? | unactivated,activated | 09:40:00 | 10:00:00"),
        // A status that nobody knows may lead anywhere.
        ("frozen", "09:30", "frozen | frozen,unactivated,activated,expired | 09:00:00 | 10:00:00"),
        // Read by a scan after the last whole one, and not since.
        ("back", "12:00", "activated | certain"),
        ("back", "12:00:01", "activated | activated,unactivated,expired,deleted | 12:00:00"),
        ("late", "00:00", "? | absent,unactivated,activated,expired | 12:30:00"),
        ("late", "12:30", "expired | certain"),
        ("late", "12:30:01", "expired | expired,deleted | 12:30:00"),
        // A purged transition leaves the version before in doubt, and no more than that one.
        ("forgotten", "08:30", "unactivated | certain"),
        ("forgotten", "09:00", "unactivated | certain"),
        ("forgotten", "09:00:01", "unactivated | unactivated,activated | 09:00:00 | 10:00:00"),
        ("forgotten", "10:00", "activated | certain"),
        ("forgotten", "10:30", "activated | activated,unactivated,expired,deleted | 10:00:00 | 11:00:00"),
        ("purged", "06:59", ""),
        ("purged", "08:30", "? | unactivated,activated,expired,deleted | 07:00:00 | 09:00:00"),
        ("purged", "09:00", "activated | certain"),
    ];
    // Before a purge and after it: one that is logged may have taken anything up to noon.
    let mut wrong = Vec::new();
    for is_purged in [false, true] {
        if is_purged {
            log_purge(&database).await;
        }
        for (id, time, expected) in cases {
            let is_told = is_purged || !["forgotten", "purged"].contains(&id);
            let answer = code_at(&database, id, time).await;
            if is_told && answer != expected {
                wrong.push(format!("{id} at {time}, purged: {is_purged}: {answer:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_state_of_a_device_is_certain_with_its_user_where_readings_prove_both() {
    let database = database().await;
    let bounded = |not_before| Some((not_before, None));
    let known = |not_before, occurred| Some((not_before, Some(occurred)));
    let passed_on =
        [("unbound", "08:00", None), ("7", "09:00", known("08:45", "08:50")), ("9", "10:00", known("09:45", "09:50"))];
    read_device(&database, "passed-on", Some("08:50"), &passed_on).await;
    let handed_back =
        [("7", "08:00", None), ("unbound", "09:00", bounded("08:45")), ("deleted", "10:00", bounded("09:45"))];
    read_device(&database, "handed-back", Some("07:30"), &handed_back).await;
    let back = [("7", "08:00", None), ("deleted", "09:00", bounded("08:45")), ("9", "10:00", known("09:30", "09:40"))];
    read_device(&database, "back", None, &back).await;
    read_device(&database, "appeared", Some("08:50"), &[("7", "09:00", known("08:45", "08:50"))]).await;
    read_device(&database, "new", None, &[("unbound", "09:00", bounded("08:45"))]).await;
    read_device(&database, "forgotten", None, &[("7", "08:00", None), ("9", "10:00", None)]).await;

    let cases = [
        ("passed-on", "07:00", "? | absent,unbound,bound | 08:00:00"),
        ("passed-on", "08:00", "unbound | certain"),
        ("passed-on", "08:49:59", "unbound | certain"),
        ("passed-on", "08:50", "bound 7 | certain"),
        ("passed-on", "09:45", "bound 7 | certain"),
        // Between two users it was nobody's.
        ("passed-on", "09:49:59", "bound 7 | bound,unbound | of 7 | 09:45:00 | 09:50:00"),
        ("passed-on", "09:50", "bound 9 | certain"),
        ("passed-on", "12:00:01", "bound 9 | bound,unbound,deleted | of 9 | 12:00:00"),
        // The API tells since when the devices of the baseline were bound.
        ("handed-back", "07:29:59", "? | absent,unbound,bound | 07:30:00"),
        ("handed-back", "07:30", "bound 7 | certain"),
        ("handed-back", "08:45:01", "bound 7 | bound,unbound | of 7 | 08:45:00 | 09:00:00"),
        ("handed-back", "09:00", "unbound | certain"),
        ("handed-back", "09:50", "unbound | unbound,bound,deleted | 09:45:00 | 10:00:00"),
        ("handed-back", "10:00", ""),
        ("back", "08:50", "bound 7 | bound,unbound,deleted | of 7 | 08:45:00 | 09:00:00"),
        ("back", "09:30", ""),
        ("back", "09:35", "deleted | deleted,unbound | 09:30:00 | 09:40:00"),
        ("back", "09:40", "bound 9 | certain"),
        ("appeared", "08:49", "absent | absent,unbound | 08:45:00 | 08:50:00"),
        ("appeared", "08:50", "bound 7 | certain"),
        ("new", "08:45", ""),
        ("new", "08:46", "absent | absent,unbound | 08:45:00 | 09:00:00"),
        ("forgotten", "08:00", "bound 7 | certain"),
        ("forgotten", "09:00", "bound 7 | bound,unbound,bound | of 7,9 | 08:00:00 | 10:00:00"),
    ];
    // Before a purge and after it: one that is logged may have taken anything up to noon.
    let mut wrong = Vec::new();
    for is_purged in [false, true] {
        if is_purged {
            log_purge(&database).await;
        }
        for (serial, time, expected) in cases {
            let is_told = is_purged || serial != "forgotten";
            let answer = device_at(&database, serial, time).await;
            if is_told && answer != expected {
                wrong.push(format!("{serial} at {time}, purged: {is_purged}: {answer:?}, not {expected:?}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
