-- After fill.sql: one more account, of lives that a year of scans rarely holds, around each of the instants at which the state
-- is asked: several changes at once, what came back, what a purge has taken. So a view and its twin are compared there, too.

create temporary view odd as
select '1000000000000009' as account_id, d.days, now() - d.days * interval '1 day' as instant from (values (200), (20)) as d (days);

insert into inventory.accounts (account_id, account_name, first_seen_at)
select distinct o.account_id, 'bench-odd', y.begun_at from odd o, year y;

insert into inventory.scans (account_id, scan_id, source, is_partial, outcome, started_at, finished_at, applied_at, worker_version)
overriding system value
select distinct o.account_id, 20000 + n * 2 + s.parity, s.source, false, 'complete', a.scanned_at, a.scanned_at, a.scanned_at, 'bench'
from odd o, year y, (values ('access-tokens', 0), ('mfa-devices', 1)) as s (source, parity), generate_series(0, 1) n
cross join lateral (select y.begun_at + n * interval '1 hour' as scanned_at) a;

insert into inventory.targets (
    account_id, source, applied_scan_id, applied_until_at, baseline_scan_id, complete_scan_id, complete_started_at,
    is_scheduled, stale_after_seconds)
select s.account_id, s.source, max(s.scan_id), max(s.started_at), min(s.scan_id), max(s.scan_id), now() - interval '1 hour', true, 172800
from inventory.scans s
where s.account_id in (select o.account_id from odd o)
group by s.account_id, s.source;

-- What is purged ended before three hours after each instant.
insert into inventory.retention_log (
    account_id, dataset, cutoff_at, is_dry_run, matched_count, held_count, deleted_count, started_at, finished_at)
select o.account_id, d.dataset, o.instant + interval '3 hours', false, 3, 0, 3, now(), now()
from odd o, unnest(array['access_token_history', 'access_token_transitions', 'mfa_device_history', 'mfa_device_transitions']) as d (dataset);

insert into inventory.mfa_users (account_id, user_key, user_id, first_seen_at)
overriding system value
select distinct o.account_id, u.user_key, 'odd-' || u.user_key, y.begun_at
from odd o, year y, (values (9000000001), (9000000002)) as u (user_key);

-- In hours around the instant: when it was read, since when its transition was possible (null where there is none, or
-- none any more), when it is known to have happened, and when the object was created or bound.
create temporary table readings as
select
    o.account_id, r.source, o.days * 1000 + dense_rank() over (order by r.life) as device_key, r.life || '-' || o.days as object_id,
    r.status, r.user_key + 9000000000 as user_key, r.is_lost,
    o.instant + r.read_h * interval '1 hour' as read_at,
    o.instant + r.not_before_h * interval '1 hour' as not_before_at,
    o.instant + r.occurred_h * interval '1 hour' as occurred_at,
    o.instant + r.known_h * interval '1 hour' as known_at,
    lag(r.status) over life as from_status,
    lag(r.user_key) over life + 9000000000 as from_user_key,
    lead(o.instant + r.read_h * interval '1 hour') over life as ended_at,
    lead(r.status) over life as next_status,
    (count(*) filter (where r.status <> 'deleted') over life)::integer as version_no
from odd o
cross join (values
    ('access-tokens', 'overlapping', 'unactivated', null, -1000, null, null::numeric, -2000, false),
    ('access-tokens', 'overlapping', 'activated', null, 2, -3, null, -2000, false),
    ('access-tokens', 'overlapping', 'frozen', null, 4, -1, null, -2000, false),
    ('access-tokens', 'overtaken', 'unactivated', null, -1000, null, null, -2000, false),
    ('access-tokens', 'overtaken', 'activated', null, 2, -3, null, -2000, false),
    ('access-tokens', 'overtaken', 'expired', null, 4, -1, -0.5, -2000, false),
    ('access-tokens', 'ahead', 'unactivated', null, -1000, null, null, -2000, false),
    ('access-tokens', 'ahead', 'expired', null, 2, -3, 1, -2000, false),
    ('access-tokens', 'ahead', 'frozen', null, 4, -1, null, -2000, false),
    ('access-tokens', 'back', 'activated', null, -1000, null, null, -2000, false),
    ('access-tokens', 'back', 'deleted', null, 2, -3, null, -2000, false),
    ('access-tokens', 'back', 'activated', null, 50, 40, null, -2000, false),
    ('access-tokens', 'returned', 'activated', null, -1000, null, null, -2000, false),
    ('access-tokens', 'returned', 'deleted', null, -100, -110, null, -2000, false),
    ('access-tokens', 'returned', 'unactivated', null, 2, -3, null, -2000, false),
    ('access-tokens', 'anew', 'activated', null, -1000, null, null, -2000, false),
    ('access-tokens', 'anew', 'deleted', null, -100, -110, null, -2000, false),
    ('access-tokens', 'anew', 'activated', null, 2, -3, null, -1, false),
    ('access-tokens', 'born', 'activated', null, 2, -3, null, -1, false),
    ('access-tokens', 'unborn', 'unactivated', null, 2, -3, 1, 1, false),
    ('access-tokens', 'undated', 'unactivated', null, 2, -3, null, null, false),
    ('access-tokens', 'unknown', 'frozen', null, -1000, null, null, -2000, false),
    ('access-tokens', 'unknown', 'expired', null, 2, -3, null, -2000, false),
    ('access-tokens', 'forgotten', 'unactivated', null, -1000, null, null, -2000, false),
    ('access-tokens', 'forgotten', 'deleted', null, 2, null, null, -2000, false),
    ('access-tokens', 'forgotten-turn', 'unactivated', null, -1000, null, null, -2000, false),
    ('access-tokens', 'forgotten-turn', 'activated', null, 2, null, null, -2000, false),
    ('access-tokens', 'purged', 'unactivated', null, -1000, null, null, -2000, true),
    ('access-tokens', 'purged', 'activated', null, 2, null, null, -2000, false),
    ('access-tokens', 'purged-return', 'activated', null, -1000, null, null, -2000, true),
    ('access-tokens', 'purged-return', 'deleted', null, -100, null, null, -2000, false),
    ('access-tokens', 'purged-return', 'activated', null, 60, 50, null, -2000, false),
    ('mfa-devices', 'passed', 'bound', 1, -1000, null, null, -1001, false),
    ('mfa-devices', 'passed', 'bound', 2, 2, -3, null, null, false),
    ('mfa-devices', 'passed-known', 'bound', 1, -1000, null, null, -1001, false),
    ('mfa-devices', 'passed-known', 'bound', 2, 2, -3, -1, -1, false),
    ('mfa-devices', 'passed-ahead', 'bound', 1, -1000, null, null, -1001, false),
    ('mfa-devices', 'passed-ahead', 'bound', 2, 2, -3, 1, 1, false),
    ('mfa-devices', 'several', 'unbound', null, -1000, null, null, null, false),
    ('mfa-devices', 'several', 'bound', 1, 2, -3, null, null, false),
    ('mfa-devices', 'several', 'bound', 2, 4, -1, null, null, false),
    ('mfa-devices', 'several-known', 'unbound', null, -1000, null, null, null, false),
    ('mfa-devices', 'several-known', 'bound', 1, 2, -3, null, null, false),
    ('mfa-devices', 'several-known', 'bound', 2, 4, -1, -0.5, -0.5, false),
    ('mfa-devices', 'handed-back', 'bound', 1, -1000, null, null, -1001, false),
    ('mfa-devices', 'handed-back', 'unbound', null, 2, -3, null, null, false),
    ('mfa-devices', 'handed-back', 'deleted', null, 4, -1, null, null, false),
    ('mfa-devices', 'returned', 'bound', 1, -1000, null, null, -1001, false),
    ('mfa-devices', 'returned', 'deleted', null, -100, -110, null, null, false),
    ('mfa-devices', 'returned', 'bound', 2, 2, -3, null, null, false),
    ('mfa-devices', 'appeared', 'bound', 1, 2, -3, -1, -1, false),
    ('mfa-devices', 'new', 'unbound', null, 2, -3, null, null, false),
    ('mfa-devices', 'first', 'bound', 1, 2, null, null, -5, false),
    ('mfa-devices', 'first-unbound', 'unbound', null, 2, null, null, null, false),
    ('mfa-devices', 'forgotten', 'bound', 1, -1000, null, null, -1001, false),
    ('mfa-devices', 'forgotten', 'bound', 2, 2, null, null, 1, false),
    ('mfa-devices', 'purged', 'bound', 1, -1000, null, null, -1001, true),
    ('mfa-devices', 'purged', 'bound', 2, 2, null, null, 1, false),
    ('mfa-devices', 'purged-return', 'bound', 1, -1000, null, null, -1001, true),
    ('mfa-devices', 'purged-return', 'deleted', null, -100, null, null, null, false),
    ('mfa-devices', 'purged-return', 'bound', 2, 60, 50, null, 55, false)
) as r (source, life, status, user_key, read_h, not_before_h, occurred_h, known_h, is_lost)
window life as (partition by o.days, r.source, r.life order by r.read_h);

create temporary view odd_versions as
select
    r.*,
    case
        when r.version_no > 1 then case when r.from_status = 'deleted' then 'reappeared' else 'changed' end
        when r.not_before_at is null then 'baseline'
        else 'appeared'
    end as change_kind,
    case when r.next_status = 'deleted' then 'deleted' else 'superseded' end as close_reason
from readings r
where r.status <> 'deleted';

insert into inventory.access_token_history (
    account_id, access_token_id, version_no, valid_from_at, valid_to_at, status, ttl_days, created_at, expires_at, extra, change_kind,
    changed_columns, close_reason, scan_id, closed_scan_id)
select
    v.account_id, v.object_id, v.version_no, v.read_at, v.ended_at, v.status, 500, v.known_at, v.known_at + interval '12000 hours', '{}',
    v.change_kind, array['status'], v.close_reason, 20000, 20000
from odd_versions v
where v.source = 'access-tokens' and v.ended_at is not null and not v.is_lost;

insert into inventory.access_tokens (
    account_id, access_token_id, version_no, valid_from_at, first_seen_at, status, status_since_at, ttl_days, max_use_count,
    registered_count, created_at, extra, digest, change_kind, changed_columns, scan_id, deleted_at, deleted_scan_id)
select
    v.account_id, v.object_id, v.version_no, v.read_at, v.read_at, v.status, v.read_at, 500, 10, 1, v.known_at, '{}', 0, v.change_kind,
    array['status'], 20000, v.ended_at, case when v.ended_at is not null then 20000 end
from odd_versions v
where v.source = 'access-tokens'
  and v.read_at = (select max(l.read_at) from odd_versions l where l.source = v.source and l.object_id = v.object_id);

insert into inventory.access_token_transitions (
    account_id, access_token_id, not_before_at, not_after_at, from_status, to_status, occurred_at, time_basis, is_expected, scan_id)
select
    r.account_id, r.object_id, r.not_before_at, r.read_at, r.from_status, r.status, r.occurred_at,
    case when r.occurred_at is null then 'bounded' else 'expiry' end, true, 20000
from readings r
where r.source = 'access-tokens' and r.not_before_at is not null;

insert into inventory.mfa_device_history (
    account_id, device_key, version_no, valid_from_at, valid_to_at, status, user_key, activated_at, extra, change_kind,
    changed_columns, close_reason, scan_id, closed_scan_id)
select
    v.account_id, v.device_key, v.version_no, v.read_at, v.ended_at, v.status, v.user_key, v.known_at, '{}', v.change_kind,
    array['status'], v.close_reason, 20001, 20001
from odd_versions v
where v.source = 'mfa-devices' and v.ended_at is not null and not v.is_lost;

insert into inventory.mfa_devices (
    account_id, device_key, serial_number, version_no, valid_from_at, first_seen_at, status, status_since_at, user_key,
    activated_at, extra, digest, change_kind, changed_columns, scan_id, deleted_at, deleted_scan_id)
overriding system value
select
    v.account_id, v.device_key, 'acs:ram::odd:mfa/' || v.object_id, v.version_no, v.read_at, v.read_at, v.status, v.read_at, v.user_key,
    v.known_at, '{}', 0, v.change_kind, array['status'], 20001, v.ended_at, case when v.ended_at is not null then 20001 end
from odd_versions v
where v.source = 'mfa-devices'
  and v.read_at = (select max(l.read_at) from odd_versions l where l.source = v.source and l.object_id = v.object_id);

insert into inventory.mfa_device_transitions (
    account_id, device_key, not_before_at, not_after_at, from_status, to_status, from_user_key, to_user_key, occurred_at, time_basis,
    is_expected, scan_id)
select
    r.account_id, r.device_key, r.not_before_at, r.read_at, r.from_status, r.status, r.from_user_key, r.user_key, r.occurred_at,
    case when r.occurred_at is null then 'bounded' else 'activate_date' end, true, 20001
from readings r
where r.source = 'mfa-devices' and r.not_before_at is not null;

insert into inventory.daily_changes (account_id, source, change_date, status, change_count)
select v.account_id, v.source, (c.changed_at at time zone 'UTC')::date, v.status, sum(c.change)
from odd_versions v
cross join lateral (values (v.read_at, 1), (v.ended_at, -1)) as c (changed_at, change)
where c.changed_at is not null
group by 1, 2, 3, 4;
