-- For all other views: the best SQL over the tables that gives the same, of which the suite makes sure over the database of
-- fill.sql and odd_lives.sql. It may know that every row there has its account and its target.
-- INSTANT is an instant in the past, of which there are several.

-- view: reporting.scans
select s.account_id, a.account_name, s.scan_id, s.source, s.outcome, s.started_at, s.finished_at, s.applied_at, s.page_count,
       s.item_count, s.distinct_count, s.rejected_count, s.total_first, s.total_last, s.attempt_count, s.new_count,
       s.changed_count, s.unchanged_count, s.transition_count, s.deleted_count, s.held_count, s.anomaly_count, s.skew_seconds,
       s.error_code, s.error_message, s.worker_version
from inventory.scans s
join inventory.accounts a using (account_id)

-- view: reporting.freshness
select t.account_id, a.account_name, t.source, t.complete_started_at as data_as_of_at, floor(g.age)::bigint as age_seconds, t.stale_after_seconds,
       case when g.age > t.stale_after_seconds then 'stale' when g.age * 2 > t.stale_after_seconds then 'late' else 'fresh' end as state,
       l.live_count, f.failure_count, e.error_message
from inventory.targets t
join inventory.accounts a using (account_id)
-- The daily counts know how many are live.
join (select account_id, source, sum(change_count)::bigint as live_count from inventory.daily_changes group by 1, 2) l using (account_id, source)
cross join lateral (select extract(epoch from now() - t.complete_started_at) as age) g
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
select h.account_id, a.account_name, h.device_key, h.version_no, h.valid_from_at, h.valid_to_at, false as is_current, h.status, h.user_key,
       h.activated_at, h.change_kind,
       array_to_string(h.changed_columns, ',') as changed_columns, h.close_reason, h.scan_id
from inventory.mfa_device_history h
join inventory.accounts a using (account_id)
union all
select t.account_id, a.account_name, t.device_key, t.version_no, t.valid_from_at, null, true, t.status, t.user_key,
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
with opened as (
    -- By changes around the instant, and by returns, of which a purge may have taken what was before.
    select x.account_id, x.device_key, x.not_after_at as read_at, x.to_status, true as is_told, x.not_before_at, x.occurred_at,
           v.version_no, v.status, v.user_key, v.activated_at, v.is_gone
    from inventory.mfa_device_transitions x
    cross join lateral (
        select version_no, status, user_key, activated_at, h.valid_from_at < x.not_after_at as is_gone
        from inventory.mfa_device_history h
        where h.account_id = x.account_id and h.device_key = x.device_key
          and (valid_from_at = x.not_after_at and status = x.to_status
               or valid_to_at = x.not_after_at and close_reason = 'deleted' and x.to_status = 'deleted' and valid_from_at <= INSTANT)
        union all
        select version_no, status, user_key, activated_at, false
        from inventory.mfa_devices c
        where c.account_id = x.account_id and c.device_key = x.device_key and deleted_at is null
          and valid_from_at = x.not_after_at and status = x.to_status
        limit 2
    ) v
    where not_after_at > INSTANT
      and (not_before_at <= INSTANT and tstzrange(not_before_at, not_after_at) @> INSTANT or from_status = 'deleted')
    union
    -- By a baseline, or up to where transitions may have been purged.
    select v.account_id, v.device_key, v.read_at, v.to_status, x.scan_id is not null,
           coalesce(x.not_before_at, case when v.is_gone then v.valid_from_at end), x.occurred_at, v.version_no, v.status, v.user_key, v.activated_at, v.is_gone
    from (
        select t.account_id, p.purged_at, b.settled_at
        from inventory.targets t
        cross join lateral (
            select max(cutoff_at) as purged_at from inventory.retention_log l
            where l.account_id = t.account_id and dataset in ('mfa_device_history', 'mfa_device_transitions') and not is_dry_run and cutoff_at > INSTANT
        ) p
        left join lateral (
            select started_at as settled_at from inventory.scans s
            where s.account_id = t.account_id and s.source = t.source and outcome = 'complete' order by scan_id offset 1 limit 1
        ) b on true
        where t.source = 'mfa-devices'
    ) g
    cross join lateral (
        select h.account_id, device_key, valid_from_at, e.*, version_no, status, user_key, activated_at
        from inventory.mfa_device_history h
        cross join lateral (values (valid_from_at, status, false), (valid_to_at, 'deleted', true)) as e (read_at, to_status, is_gone)
        where h.account_id = g.account_id and valid_to_at > INSTANT and e.read_at > INSTANT
          and (e.read_at <= g.purged_at or change_kind = 'baseline' and not is_gone)
          and (not is_gone or close_reason = 'deleted' and valid_from_at <= INSTANT)
        union all
        select c.account_id, device_key, valid_from_at, valid_from_at, status, false, version_no, status, user_key, activated_at
        from inventory.mfa_devices c
        where c.account_id = g.account_id and deleted_at is null and valid_from_at > INSTANT
          and (valid_from_at <= g.purged_at or change_kind = 'baseline')
    ) v
    left join inventory.mfa_device_transitions x
        on x.account_id = v.account_id and x.device_key = v.device_key and x.not_after_at = v.read_at and x.to_status = v.to_status
    where case when g.purged_at is null and g.settled_at <= INSTANT then g.settled_at end is null
),
steps as (
    -- Buried later.
    select account_id, device_key, read_at, null as status, null as user_key,
           case when not_before_at < INSTANT then case status when 'unbound' then 'bound,deleted' else 'unbound,deleted' end end as possible,
           null as possible_user, false as is_over, false as is_ahead, not_before_at as after_at, read_at as until_at
    from opened
    where is_gone and not_before_at <= INSTANT
    union all
    -- Opened later: known to have happened by then, surely still to come, or perhaps.
    select o.account_id, o.device_key, o.read_at,
           case when b.is_over then o.status when l.is_new then l.was end, case when b.is_over then o.user_key end,
           case
               when b.is_over then o.status
               when l.after_at < INSTANT then nullif(concat_ws(',',
                   case when l.is_new then coalesce(l.was, 'absent') end,
                   case when l.was is null or l.was <> 'unbound' and o.status = 'bound' then 'unbound' end,
                   case when l.was is null then 'bound' end,
                   case when l.is_purged then 'deleted' end,
                   case when l.occurred_at is null and l.was is not null then o.status end), '')
           end,
           case when b.is_over or l.occurred_at is null then o.user_key end,
           b.is_over, coalesce(l.occurred_at > INSTANT, false),
           case when not b.is_over then nullif(l.after_at, '-infinity') end,
           case when not b.is_over then coalesce(l.occurred_at, o.read_at) end
    from opened o
    left join lateral (
        select status, user_key, close_reason, valid_from_at, valid_to_at from inventory.mfa_device_history p
        where p.account_id = o.account_id and p.device_key = o.device_key and p.version_no = o.version_no - 1 and o.version_no > 1
        limit 1
    ) p on true
    cross join lateral (
        select case when close_reason = 'deleted' then 'deleted' when close_reason is not null then p.status
                    when version_no = 1 and is_told then 'absent' end as was,
               case when close_reason is null and version_no > 1 then '-infinity'
                    else coalesce(not_before_at, case when close_reason = 'deleted' then p.valid_to_at else p.valid_from_at end, '-infinity') end as after_at,
               -- The API tells since when the first one was bound.
               case when is_told then o.occurred_at
                    when close_reason is null and o.status = 'bound' and o.activated_at <= o.read_at then o.activated_at end as occurred_at,
               close_reason is distinct from 'superseded' as is_new, close_reason is null and version_no > 1 as is_purged
    ) l
    cross join lateral (select coalesce(l.occurred_at <= INSTANT, false) as is_over) b
    where not o.is_gone and (l.is_new or p.status <> o.status or p.user_key is distinct from o.user_key) and l.after_at <= INSTANT
),
unsure as (
    select account_id, device_key, bool_or(is_over) as is_over, bool_and(is_over) as is_certain, (array_agg(status order by read_at))[1] as status,
           (array_agg(user_key order by read_at))[1] as user_key, string_agg(possible, ',' order by read_at) as possible,
           string_agg(possible_user::text, ',' order by read_at) as possible_users, min(after_at) as after_at, max(until_at) as until_at
    from (
        select steps.*, max(read_at) filter (where is_over) over life as known_at, min(read_at) filter (where is_ahead) over life as ahead_at
        from steps
        window life as (partition by account_id, device_key)
    ) s
    where possible is not null and read_at >= coalesce(known_at, '-infinity') and read_at <= coalesce(ahead_at, 'infinity')
    group by 1, 2
)
select account_id, a.account_name, device_key, case when u.is_over or v.status is null then u.status else v.status end as status,
       case when u.is_over or v.status is null then u.user_key else v.user_key end as user_key,
       coalesce(u.is_certain, n.unread_at is null) as is_certain,
       case
           when u.is_over then u.possible
           when u.possible is not null then concat_ws(',', v.status, u.possible)
           when n.unread_at is null then v.status
           when v.status = 'unbound' then 'unbound,bound,deleted'
           else 'bound,unbound,deleted'
       end as possible_statuses,
       case when u.is_over or v.user_key is null then u.possible_users else concat_ws(',', v.user_key, u.possible_users) end as possible_user_keys,
       coalesce(u.after_at, n.unread_at) as not_before_at, u.until_at as not_after_at
from (
    select account_id, device_key, status, user_key, null as read_at from inventory.mfa_device_history
    where valid_from_at <= INSTANT and valid_to_at > INSTANT
    union all
    select account_id, device_key, status, user_key, greatest(g.complete_started_at, valid_from_at)
    from inventory.mfa_devices
    join inventory.targets g using (account_id)
    where g.source = 'mfa-devices' and deleted_at is null and valid_from_at <= INSTANT
) v
full join unsure u using (account_id, device_key)
join inventory.accounts a using (account_id)
cross join lateral (select case when v.read_at < INSTANT then v.read_at end as unread_at) n

-- view: reporting.contract
select text '1.0.0' as version
