-- Fills a migrated database for the measurement of the views: a year of hourly scans of four accounts, `bench.codes`
-- activation codes with ten closed versions each, a tenth as many devices with as many. The same rows every time, but
-- for the day on which the year ends. The guards rest meanwhile, so what they keep is written here, too.

set session_replication_role = replica;

-- Indexes are built once the rows are there; no view reads those of the exclusion constraints.
create temporary table rebuilt as
select
    i.indrelid::regclass as relation,
    coalesce(c.conname, i.indexrelid::regclass::text) as index_name,
    c.contype,
    case
        when c.oid is null then pg_get_indexdef(i.indexrelid)
        else format('alter table %s add constraint %I %s', i.indrelid::regclass, c.conname, pg_get_constraintdef(c.oid))
    end as definition
from pg_index i
left join pg_constraint c on c.conindid = i.indexrelid and c.contype in ('p', 'x')
where i.indrelid in (
    'inventory.access_tokens'::regclass, 'inventory.access_token_history'::regclass,
    'inventory.access_token_transitions'::regclass, 'inventory.access_token_usage'::regclass,
    'inventory.mfa_device_history'::regclass
);

do $$
declare
    dropped record;
begin
    for dropped in select * from rebuilt loop
        if dropped.contype is null then
            execute 'drop index ' || dropped.index_name;
        else
            execute format('alter table %s drop constraint %I', dropped.relation, dropped.index_name);
        end if;
    end loop;
end $$;

create temporary view year as
select (date_trunc('day', now() at time zone 'UTC') - interval '365 days') at time zone 'UTC' as begun_at,
       current_setting('bench.codes')::bigint as code_count;

-- Ledger: scan n of the year began n hours after it did; both listings have the same numbers.

insert into inventory.accounts (account_id, account_name, first_seen_at)
select (1000000000000000 + a)::text, 'bench-' || a, y.begun_at
from year y, generate_series(0, 3) a;

insert into inventory.scans (
    account_id, scan_id, source, is_partial, outcome, started_at, finished_at, applied_at, worker_version, error_message)
overriding system value
select
    t.account_id, n * 2 + s.parity, s.source, false, case when n % 50 = 49 then 'failed' else 'complete' end,
    y.begun_at + n * interval '1 hour', y.begun_at + n * interval '1 hour' + interval '5 seconds',
    y.begun_at + n * interval '1 hour', 'bench', case when n % 50 = 49 then 'the account did not answer' end
from year y, inventory.accounts t, (values ('access-tokens', 0), ('mfa-devices', 1)) as s (source, parity), generate_series(0, 8758) n;

insert into inventory.targets (
    account_id, source, applied_scan_id, applied_until_at, baseline_scan_id, complete_scan_id, complete_started_at,
    is_scheduled, stale_after_seconds)
select t.account_id, s.source, 8758 * 2, y.begun_at + interval '8758 hours', 0, 8758 * 2, y.begun_at + interval '8758 hours', true, 172800
from year y, inventory.accounts t, (values ('access-tokens'), ('mfa-devices')) as s (source);

insert into inventory.anomalies (account_id, source, object_id, kind, detail, scan_id, detected_at)
select (1000000000000000 + g % 4)::text, 'access-tokens', 'code-' || g, 'live_after_expiry', 'still activated', 2, y.begun_at + interval '1 hour'
from year y, generate_series(0, y.code_count - 1, 20) g;

insert into inventory.retention_log (
    account_id, dataset, cutoff_at, is_dry_run, matched_count, held_count, deleted_count, started_at, finished_at)
select t.account_id, 'access_token_history', y.begun_at - n * interval '1 day', false, 1000, 0, 1000,
       y.begun_at + n * interval '1 day', y.begun_at + n * interval '1 day'
from year y, inventory.accounts t, generate_series(0, 364) n;

insert into inventory.retention_policies (account_id, dataset, keep_seconds, is_enabled)
select t.account_id, d.dataset, 86400 * 300, true
from inventory.accounts t, unnest(array[
    'access_token_history', 'access_token_transitions', 'access_token_usage', 'mfa_device_history', 'mfa_device_transitions'
]) as d (dataset);

insert into inventory.legal_holds (account_id, dataset, object_id, reason, placed_by, placed_at)
select (1000000000000000 + g % 4)::text, 'access-tokens', 'code-' || g, 'audit', 'bench', y.begun_at
from year y, generate_series(0, 99) g;

-- Codes. By g % 10: 0 is never activated, 3 was deleted, 5 appeared after the baseline, 6 expires soon, 7 to 9 have
-- expired; one in a hundred was gone for a day. Version v begins 33 days after the one before, at a code's own hour.

create temporary view code_versions as
select
    (1000000000000000 + g % 4)::text as account_id,
    'code-' || g as access_token_id,
    g, v,
    p.valid_from_at,
    p.next_from_at - case when g % 100 = 7 and v = 6 then interval '1 day' else interval '0' end as valid_to_at,
    s.status,
    lag_status.status as previous_status,
    case when g % 10 < 7 then c.created_at else p.expired_at - interval '7200 hours' end as created_at,
    case when g % 10 < 7 then c.ttl_days else 300 end as ttl_days,
    p.expired_at,
    2 * p.hour_no as scan_id,
    case
        when v = 1 and g % 10 = 5 then 'appeared'
        when v = 1 then 'baseline'
        when g % 100 = 7 and v = 7 then 'reappeared'
        else 'changed'
    end as change_kind,
    case when (g % 10 = 3 and v = 10) or (g % 100 = 7 and v = 6) then 'deleted' else 'superseded' end as close_reason
from year y
-- In the order of time, as history is written.
cross join lateral generate_series(0, 11 * y.code_count - 1) i
cross join lateral (select i % y.code_count as g, (i / y.code_count + 1)::integer as v) n
cross join lateral (
    select
        h.hour_no,
        y.begun_at + h.hour_no * interval '1 hour' as valid_from_at,
        y.begun_at + (v * 792 + g * 31 % 700) * interval '1 hour' as next_from_at,
        y.begun_at + (8 * 792 + g * 31 % 700) * interval '1 hour' - interval '30 minutes' as expired_at
    from (select case when v = 1 and g % 10 <> 5 then 0 else (v - 1) * 792 + g * 31 % 700 end as hour_no) h
) p
cross join lateral (
    select case
        when g % 10 = 0 or v <= 3 then 'unactivated'
        when g % 10 >= 7 and v >= 9 then 'expired'
        else 'activated'
    end as status
) s
cross join lateral (
    select case
        when v = 1 then null
        when g % 100 = 7 and v = 7 then 'deleted'
        when g % 10 = 0 or v <= 4 then 'unactivated'
        when g % 10 >= 7 and v >= 10 then 'expired'
        else 'activated'
    end as status
) lag_status
cross join lateral (
    select
        case g % 10
            when 5 then p.valid_from_at - (v - 1) * interval '792 hours' - interval '30 minutes'
            when 6 then y.begun_at + (365 * 24 + g * 17 % 720 - 400 * 24) * interval '1 hour'
            else y.begun_at - g % 100 * interval '1 hour'
        end as created_at,
        case g % 10 when 6 then 400 else 500 end as ttl_days
) c;

insert into inventory.access_token_history (
    account_id, access_token_id, version_no, valid_from_at, valid_to_at, status, token_name, description, ttl_days,
    max_use_count, created_at, expires_at, extra, change_kind, changed_columns, close_reason, scan_id, closed_scan_id)
select
    c.account_id, c.access_token_id, c.v, c.valid_from_at, c.valid_to_at, c.status, 'name-' || c.v, 'a code of the benchmark',
    c.ttl_days, 10, c.created_at, c.created_at + c.ttl_days * interval '24 hours', '{}', c.change_kind,
    case when c.status = c.previous_status then array['token_name'] else array['token_name', 'status'] end, c.close_reason,
    c.scan_id, c.scan_id
from code_versions c
where c.v <= 10;

insert into inventory.access_tokens (
    account_id, access_token_id, version_no, valid_from_at, first_seen_at, status, status_since_at, token_name, description,
    ttl_days, max_use_count, registered_count, created_at, extra, digest, change_kind, changed_columns, scan_id, deleted_at,
    deleted_scan_id)
select
    c.account_id, c.access_token_id, c.v, c.valid_from_at, c.valid_from_at - interval '7920 hours', c.status,
    c.valid_from_at - interval '1584 hours', 'name-' || c.v, 'a code of the benchmark', c.ttl_days, 10, c.g % 5, c.created_at,
    '{}', c.g, c.change_kind, array['token_name'], c.scan_id,
    case when c.g % 10 = 3 then c.valid_to_at end, case when c.g % 10 = 3 then c.scan_id end
from code_versions c
where c.v = case when c.g % 10 = 3 then 10 else 11 end;

insert into inventory.access_token_transitions (
    account_id, access_token_id, not_before_at, not_after_at, from_status, to_status, occurred_at, time_basis, is_expected,
    scan_id)
select
    c.account_id, c.access_token_id, c.valid_from_at - interval '1 hour', c.valid_from_at, c.previous_status, c.status,
    o.occurred_at,
    case when o.occurred_at is null then 'bounded' when c.status = 'expired' then 'expiry' else 'created' end, true, c.scan_id
from code_versions c
cross join lateral (
    select case when c.change_kind = 'appeared' then c.created_at when c.status = 'expired' then c.expired_at end as occurred_at
) o
where c.status is distinct from c.previous_status and c.change_kind <> 'baseline'
union all
select c.account_id, c.access_token_id, c.valid_to_at - interval '1 hour', c.valid_to_at, c.status, 'deleted', null, 'bounded', true, c.scan_id
from code_versions c
where c.close_reason = 'deleted' and c.v <= 10;

insert into inventory.access_token_usage (account_id, access_token_id, seen_at, registered_count, previous_count, scan_id)
select c.account_id, c.access_token_id, c.valid_from_at, c.v, c.v - 1, c.scan_id
from code_versions c
where c.g % 2 = 0 and c.v in (5, 7);

-- Devices: bound to one of two users in turn, a tenth of them unbound now; one in ten deleted.

insert into inventory.mfa_users (account_id, user_key, user_id, user_principal_name, display_name, first_seen_at)
overriding system value
select (1000000000000000 + u % 4)::text, u, 'user-' || u, 'user-' || u || '@bench', 'User ' || u, y.begun_at
from year y, generate_series(0, y.code_count / 10 - 1) u;

create temporary view device_versions as
select
    (1000000000000000 + g % 4)::text as account_id,
    g, v,
    y.begun_at + case when v = 1 then 0 else (v - 1) * 792 + g * 31 % 700 end * interval '1 hour' as valid_from_at,
    y.begun_at + (v * 792 + g * 31 % 700) * interval '1 hour' as valid_to_at,
    case when g % 10 = 2 and v % 2 = 1 then 'unbound' else 'bound' end as status,
    -- Of the same account, for four divides the step.
    case when g % 10 = 2 and v % 2 = 1 then null else (g + 4 * (v % 2)) % (y.code_count / 10) end as user_key,
    case when g % 10 = 2 and v % 2 = 0 then null else (g + 4 * ((v - 1) % 2)) % (y.code_count / 10) end as previous_user_key,
    2 * case when v = 1 then 0 else (v - 1) * 792 + g * 31 % 700 end + 1 as scan_id
from year y
cross join lateral generate_series(0, 11 * (y.code_count / 10) - 1) i
cross join lateral (select i % (y.code_count / 10) as g, (i / (y.code_count / 10) + 1)::integer as v) n;

insert into inventory.mfa_device_history (
    account_id, device_key, version_no, valid_from_at, valid_to_at, status, user_key, activated_at, extra, change_kind,
    changed_columns, close_reason, scan_id, closed_scan_id)
select
    d.account_id, d.g, d.v, d.valid_from_at, d.valid_to_at, d.status, d.user_key, d.valid_from_at - interval '30 minutes',
    '{}', case when d.v = 1 then 'baseline' else 'changed' end, array['user_key'],
    case when d.g % 10 = 3 and d.v = 10 then 'deleted' else 'superseded' end, d.scan_id, d.scan_id
from device_versions d
where d.v <= 10;

insert into inventory.mfa_devices (
    account_id, device_key, serial_number, version_no, valid_from_at, first_seen_at, status, status_since_at, user_key,
    activated_at, extra, digest, change_kind, changed_columns, scan_id, deleted_at, deleted_scan_id)
overriding system value
select
    d.account_id, d.g, 'acs:ram::bench:mfa/device-' || d.g, d.v, d.valid_from_at, d.valid_from_at, d.status, d.valid_from_at,
    d.user_key, d.valid_from_at - interval '30 minutes', '{}', d.g, 'changed', array['user_key'], d.scan_id,
    case when d.g % 10 = 3 then d.valid_to_at end, case when d.g % 10 = 3 then d.scan_id end
from device_versions d
where d.v = case when d.g % 10 = 3 then 10 else 11 end;

insert into inventory.mfa_device_transitions (
    account_id, device_key, not_before_at, not_after_at, from_status, to_status, from_user_key, to_user_key, time_basis,
    is_expected, scan_id)
select
    d.account_id, d.g, d.valid_from_at - interval '1 hour', d.valid_from_at,
    case when d.previous_user_key is null then 'unbound' else 'bound' end, d.status, d.previous_user_key, d.user_key, 'bounded',
    true, d.scan_id
from device_versions d
where d.v > 1 and (d.g % 10 <> 3 or d.v <= 10)
union all
select d.account_id, d.g, d.valid_to_at - interval '1 hour', d.valid_to_at, d.status, 'deleted', d.user_key, null, 'bounded', true, d.scan_id
from device_versions d
where d.g % 10 = 3 and d.v = 10;

-- The daily counts, as migration 0015 fills them.

insert into inventory.daily_changes (account_id, source, change_date, status, change_count)
select v.account_id, v.source, (c.changed_at at time zone 'UTC')::date, v.status, sum(c.change)
from (
    select account_id, 'access-tokens' as source, status, valid_from_at, valid_to_at from inventory.access_token_history
    union all
    select account_id, 'access-tokens', status, valid_from_at, null from inventory.access_tokens where deleted_at is null
    union all
    select account_id, 'mfa-devices', status, valid_from_at, valid_to_at from inventory.mfa_device_history
    union all
    select account_id, 'mfa-devices', status, valid_from_at, null from inventory.mfa_devices where deleted_at is null
) v
cross join lateral (values (v.valid_from_at, 1), (v.valid_to_at, -1)) as c (changed_at, change)
where c.changed_at is not null
group by 1, 2, 3, 4;

insert into inventory.access_token_daily_transitions (account_id, transition_date, from_status, to_status, transition_count)
select
    x.account_id,
    coalesce(
        x.occurred_at at time zone 'UTC',
        x.not_before_at at time zone 'UTC' + (x.not_after_at - x.not_before_at) / 2
    )::date,
    x.from_status, x.to_status, count(*)
from inventory.access_token_transitions x
group by 1, 2, 3, 4;

insert into inventory.observed_days (account_id, source, observed_date)
select distinct s.account_id, s.source, (s.started_at at time zone 'UTC')::date
from inventory.scans s
where s.outcome = 'complete';

do $$
declare
    built record;
begin
    for built in select * from rebuilt where contype is distinct from 'x' loop
        execute built.definition;
    end loop;
end $$;
