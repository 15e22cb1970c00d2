-- For all other views: the best SQL over the tables that gives the same over the database of fill.sql. It may know that every
-- row there has its account and its target, and that nothing is purged.
-- INSTANT is an instant in the past, of which there are several.

-- view: reporting.scans
select s.account_id, a.account_name, s.scan_id, s.source, s.outcome, s.started_at, s.finished_at, s.applied_at, s.page_count,
       s.item_count, s.distinct_count, s.rejected_count, s.total_first, s.total_last, s.attempt_count, s.new_count,
       s.changed_count, s.unchanged_count, s.transition_count, s.deleted_count, s.held_count, s.anomaly_count, s.skew_seconds,
       s.error_code, s.error_message, s.worker_version
from inventory.scans s
join inventory.accounts a using (account_id)

-- view: reporting.freshness
select t.account_id, a.account_name, t.source, t.complete_started_at, l.live_count, f.failure_count, e.error_message
from inventory.targets t
join inventory.accounts a using (account_id)
join (
    select account_id, 'access-tokens' as source, count(*) as live_count
    from inventory.access_tokens where deleted_at is null group by 1
    union all
    select account_id, 'mfa-devices', count(*) from inventory.mfa_devices where deleted_at is null group by 1
) l using (account_id, source)
cross join lateral (
    select count(*) as failure_count from inventory.scans s
    where s.account_id = t.account_id and s.source = t.source and s.scan_id > t.complete_scan_id
      and s.outcome in ('failed', 'incomplete', 'held', 'abandoned') and not s.is_partial
) f
cross join lateral (
    select s.error_message from inventory.scans s
    where s.account_id = t.account_id and s.source = t.source and s.outcome <> 'running' and not s.is_partial
    order by s.scan_id desc limit 1
) e

-- view: reporting.anomalies
select n.account_id, a.account_name, n.anomaly_id, n.source, n.object_id, n.kind, n.detail, n.scan_id, n.detected_at
from inventory.anomalies n
join inventory.accounts a using (account_id)

-- view: reporting.retention_log
select p.account_id, a.account_name, p.dataset, p.cutoff_at, p.is_dry_run, p.matched_count, p.held_count, p.deleted_count,
       p.started_at, p.finished_at
from inventory.retention_log p
join inventory.accounts a using (account_id)

-- view: reporting.retention_candidates
select e.account_id, a.account_name, e.dataset, e.object_id, e.version_no, e.ended_at,
       extract(epoch from now() - t.complete_started_at) * 2 <= t.stale_after_seconds as is_safe_to_act
from (
    select p.account_id, p.dataset, c.access_token_id::text, c.version_no as version_no, c.valid_to_at as ended_at, 'access-tokens' as source
    from inventory.retention_policies p
    join inventory.access_token_history c
        on c.account_id = p.account_id and c.valid_to_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'access_token_history'
    union all
    select p.account_id, p.dataset, c.access_token_id::text, null as version_no, c.not_after_at as ended_at, 'access-tokens' as source
    from inventory.retention_policies p
    join inventory.access_token_transitions c
        on c.account_id = p.account_id and c.not_after_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'access_token_transitions'
    union all
    select p.account_id, p.dataset, c.access_token_id::text, null as version_no, c.seen_at as ended_at, 'access-tokens' as source
    from inventory.retention_policies p
    join inventory.access_token_usage c
        on c.account_id = p.account_id and c.seen_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'access_token_usage'
    union all
    select p.account_id, p.dataset, c.device_key::text, c.version_no as version_no, c.valid_to_at as ended_at, 'mfa-devices' as source
    from inventory.retention_policies p
    join inventory.mfa_device_history c
        on c.account_id = p.account_id and c.valid_to_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'mfa_device_history'
    union all
    select p.account_id, p.dataset, c.device_key::text, null as version_no, c.not_after_at as ended_at, 'mfa-devices' as source
    from inventory.retention_policies p
    join inventory.mfa_device_transitions c
        on c.account_id = p.account_id and c.not_after_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'mfa_device_transitions'
) e (account_id, dataset, object_id, version_no, ended_at, source)
join inventory.accounts a using (account_id)
join inventory.targets t using (account_id, source)
-- No hold is of a whole dataset here.
where (e.account_id, e.source, e.object_id) not in (
    select h.account_id, h.dataset, h.object_id from inventory.legal_holds h where h.released_at is null
)

-- view: reporting.mfa_device_history
select h.account_id, a.account_name, h.device_key, h.version_no, h.valid_from_at, h.valid_to_at, h.status, h.user_key,
       h.activated_at, h.change_kind,
       array_to_string(h.changed_columns, ',') as changed_columns, h.close_reason, h.scan_id
from inventory.mfa_device_history h
join inventory.accounts a using (account_id)
union all
select t.account_id, a.account_name, t.device_key, t.version_no, t.valid_from_at, null, t.status, t.user_key,
       t.activated_at, t.change_kind,
       array_to_string(t.changed_columns, ','), null, t.scan_id
from inventory.mfa_devices t
join inventory.accounts a using (account_id)
where t.deleted_at is null

-- view: reporting.mfa_devices_as_of(INSTANT)
select h.account_id, a.account_name, h.device_key, h.version_no, h.valid_from_at, h.valid_to_at, h.status, h.user_key,
       h.activated_at, h.change_kind,
       array_to_string(h.changed_columns, ',') as changed_columns, h.close_reason, h.scan_id
from inventory.mfa_device_history h
join inventory.accounts a using (account_id)
where h.valid_from_at <= INSTANT and h.valid_to_at > INSTANT
union all
select t.account_id, a.account_name, t.device_key, t.version_no, t.valid_from_at, null, t.status, t.user_key,
       t.activated_at, t.change_kind,
       array_to_string(t.changed_columns, ','), null, t.scan_id
from inventory.mfa_devices t
join inventory.accounts a using (account_id)
where t.deleted_at is null and t.valid_from_at <= INSTANT

-- view: reporting.mfa_device_transitions
select x.account_id, a.account_name, x.device_key, x.from_status, x.to_status, x.from_user_key, x.to_user_key,
       coalesce(x.from_user_key <> x.to_user_key, false) as is_user_change, x.not_before_at, x.not_after_at, x.occurred_at,
       coalesce(x.occurred_at, (x.not_before_at at time zone 'UTC' + (x.not_after_at - x.not_before_at) / 2) at time zone 'UTC') as estimated_at,
       x.occurred_at is not null as is_exact,
       case when x.occurred_at is not null then 0 else extract(epoch from x.not_after_at - x.not_before_at) end::double precision as uncertainty_seconds,
       x.time_basis, x.is_expected, x.anomaly, x.scan_id
from inventory.mfa_device_transitions x
join inventory.accounts a using (account_id)

-- view: reporting.mfa_device_daily_status
with known as (
    select account_id, min(known_date) as first_date, greatest(max(known_date), (now() at time zone 'UTC')::date) as last_date
    from (
        select account_id, change_date as known_date from inventory.daily_changes where source = 'mfa-devices'
        union all
        select account_id, observed_date from inventory.observed_days where source = 'mfa-devices'
    ) d
    group by 1
),
statuses as (
    select k.account_id, s.status from known k, unnest(array['bound', 'unbound']) as s (status)
    union
    select account_id, status from inventory.daily_changes where source = 'mfa-devices'
)
select k.account_id, a.account_name, d.day::date as status_date, s.status,
       (sum(coalesce(c.change_count, 0)) over (partition by k.account_id, s.status order by d.day))::bigint as device_count,
       o.observed_date is not null as is_observed
from known k
join inventory.accounts a using (account_id)
join statuses s using (account_id)
cross join lateral generate_series(k.first_date::timestamp, k.last_date::timestamp, interval '1 day') as d (day)
left join inventory.daily_changes c
    on c.account_id = k.account_id and c.source = 'mfa-devices' and c.change_date = d.day::date and c.status = s.status
left join inventory.observed_days o
    on o.account_id = k.account_id and o.source = 'mfa-devices' and o.observed_date = d.day::date

-- view: reporting.mfa_devices
select d.account_id, a.account_name, d.device_key, d.status, d.user_key, d.activated_at, d.status_since_at, d.first_seen_at,
       greatest(g.complete_started_at, d.valid_from_at) as last_seen_at, d.version_no
from inventory.mfa_devices d
join inventory.accounts a using (account_id)
join inventory.targets g on g.account_id = d.account_id and g.source = 'mfa-devices'
where d.deleted_at is null

-- view: reporting.mfa_devices_unbound
select d.account_id, a.account_name, d.device_key, d.status_since_at as unbound_since_at,
       floor(extract(epoch from now() - d.status_since_at) / 86400)::integer as unbound_days
from inventory.mfa_devices d
join inventory.accounts a using (account_id)
where d.deleted_at is null and d.status = 'unbound'

-- view: reporting.mfa_devices_by_user
select u.account_id, a.account_name, u.user_key, coalesce(n.device_count, 0) as device_count,
       greatest(n.last_activated_at, h.last_activated_at) as last_activated_at, n.device_count is not null as has_virtual_mfa
from inventory.mfa_users u
join inventory.accounts a using (account_id)
left join (
    select account_id, user_key, count(*) as device_count, max(activated_at) as last_activated_at
    from inventory.mfa_devices where status = 'bound' and deleted_at is null group by 1, 2
) n using (account_id, user_key)
left join (
    select account_id, user_key, max(activated_at) as last_activated_at
    from inventory.mfa_device_history where status = 'bound' group by 1, 2
) h using (account_id, user_key)

-- view: reporting_pii.mfa_users
select account_id, user_key, user_id, user_principal_name, display_name from inventory.mfa_users

-- view: reporting_pii.mfa_devices
select d.account_id, d.device_key, d.serial_number, d.status, d.user_key, u.user_principal_name, u.display_name, d.activated_at
from inventory.mfa_devices d
left join inventory.mfa_users u using (account_id, user_key)
where d.deleted_at is null

-- view: reporting.mfa_device_status_at(INSTANT)
with around as (
    -- The changes whose bounds hold the instant, and what nobody has read since.
    select account_id, device_key, from_status, to_status, occurred_at, not_before_at, not_after_at
    from inventory.mfa_device_transitions
    where not_before_at <= INSTANT and not_after_at > INSTANT
    union all
    select t.account_id, t.device_key, t.status, 'deleted', null, greatest(g.complete_started_at, t.valid_from_at), null
    from inventory.mfa_devices t
    join inventory.targets g on g.account_id = t.account_id and g.source = 'mfa-devices'
    where t.deleted_at is null and greatest(g.complete_started_at, t.valid_from_at) <= INSTANT
    union all
    select account_id, device_key, null, status, null, null, valid_from_at
    from inventory.mfa_device_history
    where version_no = 1 and change_kind = 'baseline' and valid_from_at > INSTANT
),
held as (
    select account_id, device_key, user_key, status
    from inventory.mfa_device_history
    where valid_from_at <= INSTANT and valid_to_at > INSTANT
    union all
    select account_id, device_key, user_key, status
    from inventory.mfa_devices
    where deleted_at is null and valid_from_at <= INSTANT
)
select account_id, a.account_name, device_key, user_key, 
       case when x.occurred_at <= INSTANT then x.to_status else coalesce(v.status, x.from_status, 'absent') end as status,
       x.to_status is null or x.occurred_at <= INSTANT as is_certain,
       case
           when x.occurred_at <= INSTANT then x.to_status
           else concat_ws(',', coalesce(v.status, x.from_status, 'absent'), case when x.occurred_at is null then x.to_status end)
       end as possible_statuses,
       x.not_before_at, coalesce(x.occurred_at, x.not_after_at) as not_after_at
from held v
full join around x using (account_id, device_key)
join inventory.accounts a using (account_id)

-- view: reporting.contract
select text '1.0.0' as version
