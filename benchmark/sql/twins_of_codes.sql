-- For the views of activation codes: the best SQL over the tables that gives the same, of which the suite makes sure over the database
-- of fill.sql and odd_lives.sql. It may know that every row there has its account and its target.
-- INSTANT is an instant in the past, of which there are several.

-- view: reporting.access_tokens_all
select t.account_id, a.account_name, t.access_token_id, t.token_name, t.description, t.status,
       case when t.status in ('activated', 'unactivated') and t.expires_at <= coalesce(t.deleted_at, now()) then 'expired' else t.status end as effective_status,
       t.status_since_at, t.created_at, t.expires_at,
       floor(extract(epoch from t.expires_at - coalesce(t.deleted_at, now())) / 86400)::integer as days_until_expiry,
       t.ttl_days, t.max_use_count, t.registered_count,
       case when t.registered_count >= t.max_use_count then 0 else t.max_use_count - t.registered_count end as remaining_use_count,
       round(t.registered_count::numeric / nullif(t.max_use_count, 0), 4) as utilisation_ratio,
       t.registered_count >= t.max_use_count as is_exhausted,
       t.deleted_at is null and t.status = 'activated' and not coalesce(t.expires_at <= coalesce(t.deleted_at, now()), false)
           and not t.registered_count >= t.max_use_count as is_usable,
       t.first_seen_at, case
           when t.deleted_at is null then greatest(g.complete_started_at, t.valid_from_at)
           else greatest(x.not_before_at, t.valid_from_at)
       end as last_seen_at, coalesce(t.deleted_at, t.valid_from_at) as last_changed_at, t.version_no,
       t.deleted_at is not null as is_deleted, t.deleted_at
from inventory.access_tokens t
join inventory.accounts a using (account_id)
join inventory.targets g on g.account_id = t.account_id and g.source = 'access-tokens'
left join inventory.access_token_transitions x
    on  x.account_id = t.account_id and x.access_token_id = t.access_token_id
    and x.not_after_at = t.deleted_at and x.to_status = 'deleted'

-- view: reporting.access_tokens
select t.account_id, a.account_name, t.access_token_id, t.token_name, t.description, t.status,
       case when t.status in ('activated', 'unactivated') and t.expires_at <= now() then 'expired' else t.status end as effective_status,
       t.status_since_at, t.created_at, t.expires_at,
       floor(extract(epoch from t.expires_at - now()) / 86400)::integer as days_until_expiry,
       t.ttl_days, t.max_use_count, t.registered_count,
       case when t.registered_count >= t.max_use_count then 0 else t.max_use_count - t.registered_count end as remaining_use_count,
       round(t.registered_count::numeric / nullif(t.max_use_count, 0), 4) as utilisation_ratio,
       t.registered_count >= t.max_use_count as is_exhausted,
       t.status = 'activated' and not coalesce(t.expires_at <= now(), false)
           and not t.registered_count >= t.max_use_count as is_usable,
       t.first_seen_at, greatest(g.complete_started_at, t.valid_from_at) as last_seen_at, t.valid_from_at as last_changed_at, t.version_no
from inventory.access_tokens t
join inventory.accounts a using (account_id)
join inventory.targets g on g.account_id = t.account_id and g.source = 'access-tokens'
where t.deleted_at is null

-- view: reporting.access_tokens_expiring_soon
select t.account_id, a.account_name, t.access_token_id, t.token_name, t.status, t.expires_at,
       floor(extract(epoch from t.expires_at - now()) / 86400)::integer as days_until_expiry,
       case
           when t.expires_at <= now() + interval '24 hours' then '1 day'
           when t.expires_at <= now() + interval '168 hours' then '7 days'
           when t.expires_at <= now() + interval '336 hours' then '14 days'
           else '30 days'
       end as expiry_bucket,
       greatest(t.max_use_count - t.registered_count, 0) as remaining_use_count
from inventory.access_tokens t
join inventory.accounts a using (account_id)
where t.deleted_at is null and t.status <> 'expired' and t.expires_at > now() and t.expires_at <= now() + interval '720 hours'

-- view: reporting.access_tokens_unused
select t.account_id, a.account_name, t.access_token_id, t.token_name,
       case when t.status in ('activated', 'unactivated') and t.expires_at <= now() then 'expired' else t.status end as effective_status,
       t.created_at, t.expires_at, floor(extract(epoch from now() - t.created_at) / 86400)::integer as age_days
from inventory.access_tokens t
join inventory.accounts a using (account_id)
where t.deleted_at is null and t.registered_count = 0

-- view: reporting.access_token_history
select h.account_id, a.account_name, h.access_token_id, h.version_no, h.valid_from_at, h.valid_to_at, false as is_current, h.status,
       h.token_name, h.description, h.ttl_days, h.max_use_count, h.created_at, h.expires_at, h.change_kind,
       array_to_string(h.changed_columns, ',') as changed_columns, h.close_reason, h.scan_id
from inventory.access_token_history h
join inventory.accounts a using (account_id)
union all
select t.account_id, a.account_name, t.access_token_id, t.version_no, t.valid_from_at, null, true, t.status,
       t.token_name, t.description, t.ttl_days, t.max_use_count, t.created_at, t.expires_at, t.change_kind,
       array_to_string(t.changed_columns, ','), null, t.scan_id
from inventory.access_tokens t
join inventory.accounts a using (account_id)
where t.deleted_at is null

-- view: reporting.access_tokens_as_of(INSTANT)
select h.account_id, a.account_name, h.access_token_id, h.version_no, h.valid_from_at, h.valid_to_at, h.status,
       h.token_name, h.description, h.ttl_days, h.max_use_count, h.created_at, h.expires_at, h.change_kind,
       array_to_string(h.changed_columns, ',') as changed_columns, h.close_reason, h.scan_id
from inventory.access_token_history h
join inventory.accounts a using (account_id)
where h.valid_from_at <= INSTANT and h.valid_to_at > INSTANT
union all
select t.account_id, a.account_name, t.access_token_id, t.version_no, t.valid_from_at, null, t.status,
       t.token_name, t.description, t.ttl_days, t.max_use_count, t.created_at, t.expires_at, t.change_kind,
       array_to_string(t.changed_columns, ','), null, t.scan_id
from inventory.access_tokens t
join inventory.accounts a using (account_id)
where t.deleted_at is null and t.valid_from_at <= INSTANT

-- view: reporting.access_token_transitions
select x.account_id, a.account_name, x.access_token_id, x.from_status, x.to_status, x.not_before_at, x.not_after_at, x.occurred_at,
       coalesce(x.occurred_at, (x.not_before_at at time zone 'UTC' + (x.not_after_at - x.not_before_at) / 2) at time zone 'UTC') as estimated_at,
       x.occurred_at is not null as is_exact,
       case when x.occurred_at is not null then 0 else extract(epoch from x.not_after_at - x.not_before_at) end::double precision as uncertainty_seconds,
       x.time_basis, x.is_expected, x.anomaly, x.scan_id
from inventory.access_token_transitions x
join inventory.accounts a using (account_id)

-- view: reporting.access_token_usage
select u.account_id, a.account_name, u.access_token_id, u.seen_at, (u.seen_at at time zone 'UTC')::date as seen_date,
       u.registered_count, u.previous_count, u.registered_count - u.previous_count as added_count
from inventory.access_token_usage u
join inventory.accounts a using (account_id)

-- view: reporting.access_token_lifecycle
with compared as (
    select v.account_id, v.access_token_id, v.version_no, v.valid_from_at, v.status, v.gone_at,
           lag(v.status) over life as previous_status, lag(v.gone_at) over life as previous_gone_at
    from (
        select account_id, access_token_id, version_no, valid_from_at, status,
               case when close_reason = 'deleted' then valid_to_at end as gone_at
        from inventory.access_token_history
        union all
        select account_id, access_token_id, version_no, valid_from_at, status, null
        from inventory.access_tokens where deleted_at is null
    ) v
    window life as (partition by v.account_id, v.access_token_id order by v.version_no)
),
steps as (
    select t.account_id, t.access_token_id, t.status, t.started_at, t.is_start_exact,
           count(t.status) over life as step_no, lead(t.started_at) over life as ended_at
    from (
        select c.account_id, c.access_token_id, c.version_no, c.status,
               coalesce(x.occurred_at, c.valid_from_at) as started_at, x.occurred_at is not null as is_start_exact
        from compared c
        left join inventory.access_token_transitions x
            on  x.account_id = c.account_id and x.access_token_id = c.access_token_id
            and x.not_after_at = c.valid_from_at and x.to_status = c.status
        where c.status is distinct from c.previous_status or c.previous_gone_at is not null
        union all
        select c.account_id, c.access_token_id, c.version_no, null, c.gone_at, false
        from compared c
        where c.gone_at is not null
    ) t
    window life as (partition by t.account_id, t.access_token_id order by t.version_no, t.status is null)
)
select s.account_id, a.account_name, s.access_token_id, s.step_no::integer, s.status, s.started_at, s.ended_at,
       extract(epoch from s.ended_at - s.started_at)::double precision as duration_seconds, s.is_start_exact,
       s.ended_at is null as is_current
from steps s
join inventory.accounts a using (account_id)
where s.status is not null

-- view: reporting.access_token_activation
with first_turns as (
    select account_id, access_token_id, min(not_before_at) as not_before_at, min(not_after_at) as not_after_at
    from inventory.access_token_transitions
    where to_status = 'activated'
    group by 1, 2
),
bounds as (
    select t.account_id, t.access_token_id, t.created_at, o.status as first_status, o.change_kind as first_kind, f.not_after_at as turned_at,
           coalesce(o.status = 'activated', false) or f.not_after_at is not null or t.status = 'activated' as is_activated,
           case when o.status = 'activated' then t.created_at else greatest(f.not_before_at, t.created_at) end as not_before_at,
           case
               when o.status = 'activated' then t.first_seen_at
               when f.not_after_at is not null then f.not_after_at
               when t.status = 'activated' then t.status_since_at
           end as not_after_at
    from inventory.access_tokens t
    left join (
        select account_id, access_token_id, status, change_kind from inventory.access_token_history where version_no = 1
        union all
        select account_id, access_token_id, status, change_kind from inventory.access_tokens where version_no = 1 and deleted_at is null
    ) o using (account_id, access_token_id)
    left join first_turns f using (account_id, access_token_id)
)
select b.account_id, a.account_name, b.access_token_id, b.created_at, e.activated_at,
       case when e.activated_at is not null then greatest(0, extract(epoch from e.activated_at - b.created_at)) end::double precision as activation_seconds,
       case when b.is_activated then greatest(0, extract(epoch from b.not_before_at - b.created_at)) end::double precision as activation_min_seconds,
       case when b.is_activated then greatest(0, extract(epoch from b.not_after_at - b.created_at)) end::double precision as activation_max_seconds,
       b.is_activated
from bounds b
join inventory.accounts a using (account_id)
cross join lateral (
    select case
        when b.first_status = 'activated' and b.first_kind = 'baseline' then null
        when b.first_status = 'activated' or b.turned_at is not null
        then (b.not_before_at at time zone 'UTC' + (b.not_after_at - b.not_before_at) / 2) at time zone 'UTC'
    end as activated_at
) e

-- view: reporting.access_token_daily_status
with known as (
    select account_id, min(known_date) as first_date, greatest(max(known_date), (now() at time zone 'UTC')::date) as last_date
    from (
        select account_id, change_date as known_date from inventory.daily_changes where source = 'access-tokens'
        union all
        select account_id, observed_date from inventory.observed_days where source = 'access-tokens'
    ) d
    group by 1
),
statuses as (
    select k.account_id, s.status from known k, unnest(array['unactivated', 'activated', 'expired']) as s (status)
    union
    select account_id, status from inventory.daily_changes where source = 'access-tokens'
)
select k.account_id, a.account_name, d.day::date as status_date, s.status,
       (sum(coalesce(c.change_count, 0)) over (partition by k.account_id, s.status order by d.day))::bigint as token_count,
       o.observed_date is not null as is_observed
from known k
join inventory.accounts a using (account_id)
join statuses s using (account_id)
cross join lateral generate_series(k.first_date::timestamp, k.last_date::timestamp, interval '1 day') as d (day)
left join inventory.daily_changes c
    on c.account_id = k.account_id and c.source = 'access-tokens' and c.change_date = d.day::date and c.status = s.status
left join inventory.observed_days o
    on o.account_id = k.account_id and o.source = 'access-tokens' and o.observed_date = d.day::date

-- view: reporting.access_token_daily_transitions
select d.account_id, a.account_name, d.transition_date, d.from_status, d.to_status, d.transition_count
from inventory.access_token_daily_transitions d
join inventory.accounts a using (account_id)

-- view: reporting.access_token_status_at(INSTANT)
with opened as (
    -- By changes around the instant, and by returns, of which a purge may have taken what was before.
    select x.account_id, x.access_token_id, x.not_after_at as read_at, x.to_status, true as is_told, x.not_before_at, x.occurred_at,
           v.version_no, v.status, v.created_at, v.is_gone
    from inventory.access_token_transitions x
    cross join lateral (
        select version_no, status, created_at, h.valid_from_at < x.not_after_at as is_gone
        from inventory.access_token_history h
        where h.account_id = x.account_id and h.access_token_id = x.access_token_id
          and (valid_from_at = x.not_after_at and status = x.to_status
               or valid_to_at = x.not_after_at and close_reason = 'deleted' and x.to_status = 'deleted' and valid_from_at <= INSTANT)
        union all
        select version_no, status, created_at, false
        from inventory.access_tokens c
        where c.account_id = x.account_id and c.access_token_id = x.access_token_id and deleted_at is null
          and valid_from_at = x.not_after_at and status = x.to_status
        limit 2
    ) v
    where not_after_at > INSTANT
      and (not_before_at <= INSTANT and tstzrange(not_before_at, not_after_at) @> INSTANT or from_status = 'deleted')
    union
    -- By a baseline, or up to where transitions may have been purged.
    select v.account_id, v.access_token_id, v.read_at, v.to_status, x.scan_id is not null,
           coalesce(x.not_before_at, case when v.is_gone then v.valid_from_at end), x.occurred_at, v.version_no, v.status, v.created_at, v.is_gone
    from (
        select t.account_id, p.purged_at, b.settled_at
        from inventory.targets t
        cross join lateral (
            select max(cutoff_at) as purged_at from inventory.retention_log l
            where l.account_id = t.account_id and dataset in ('access_token_history', 'access_token_transitions') and not is_dry_run and cutoff_at > INSTANT
        ) p
        left join lateral (
            select started_at as settled_at from inventory.scans s
            where s.account_id = t.account_id and s.source = t.source and outcome = 'complete' order by scan_id offset 1 limit 1
        ) b on true
        where t.source = 'access-tokens'
    ) g
    cross join lateral (
        select h.account_id, access_token_id, valid_from_at, e.*, version_no, status, created_at
        from inventory.access_token_history h
        cross join lateral (values (valid_from_at, status, false), (valid_to_at, 'deleted', true)) as e (read_at, to_status, is_gone)
        where h.account_id = g.account_id and valid_to_at > INSTANT and e.read_at > INSTANT
          and (e.read_at <= g.purged_at or change_kind = 'baseline' and not is_gone)
          and (not is_gone or close_reason = 'deleted' and valid_from_at <= INSTANT)
        union all
        select c.account_id, access_token_id, valid_from_at, valid_from_at, status, false, version_no, status, created_at
        from inventory.access_tokens c
        where c.account_id = g.account_id and deleted_at is null and valid_from_at > INSTANT
          and (valid_from_at <= g.purged_at or change_kind = 'baseline')
    ) v
    left join inventory.access_token_transitions x
        on x.account_id = v.account_id and x.access_token_id = v.access_token_id and x.not_after_at = v.read_at and x.to_status = v.to_status
    where case when g.purged_at is null and g.settled_at <= INSTANT then g.settled_at end is null
),
steps as (
    -- Buried later.
    select account_id, access_token_id, read_at, null as status,
           case when not_before_at < INSTANT then concat_ws(',',
               case when status not in ('unactivated', 'expired') then 'unactivated' end,
               case when status not in ('activated', 'expired') then 'activated' end,
               case when status <> 'expired' then 'expired' end, 'deleted') end as possible,
           false as is_over, false as is_ahead, not_before_at as after_at, read_at as until_at
    from opened
    where is_gone and not_before_at <= INSTANT
    union all
    -- Opened later: known to have happened by then, surely still to come, or perhaps.
    select o.account_id, o.access_token_id, o.read_at,
           case when b.is_over then o.status when l.is_new and b.born_at is null then l.was end,
           case
               when b.is_over then o.status
               when coalesce(b.born_at <= INSTANT, l.after_at < INSTANT) then nullif(concat_ws(',',
                   case when l.is_new and b.born_at is null then coalesce(l.was, 'absent') end,
                   case when l.was is null or l.was in ('absent', 'deleted') and o.status in ('activated', 'expired', 'deleted')
                          or l.was not in ('unactivated', 'expired', 'absent', 'deleted') and o.status in ('expired', 'deleted') then 'unactivated' end,
                   case when l.was is null or l.was not in ('activated', 'expired') and o.status in ('expired', 'deleted') then 'activated' end,
                   case when l.was is null and (l.is_purged or o.status = 'expired') or l.was <> 'expired' and o.status = 'deleted' then 'expired' end,
                   case when l.is_purged then 'deleted' end,
                   case when o.occurred_at is null and (l.was is not null or o.status not in ('unactivated', 'activated', 'expired')) then o.status end), '')
           end,
           b.is_over, coalesce(greatest(o.occurred_at, b.born_at) > INSTANT, false),
           case when not b.is_over then nullif(coalesce(b.born_at, l.after_at), '-infinity') end,
           case when not b.is_over then coalesce(o.occurred_at, o.read_at) end
    from opened o
    left join lateral (
        select status, close_reason, valid_from_at, valid_to_at from inventory.access_token_history p
        where p.account_id = o.account_id and p.access_token_id = o.access_token_id and p.version_no = o.version_no - 1 and o.version_no > 1
        limit 1
    ) p on true
    cross join lateral (
        select case when close_reason = 'deleted' then 'deleted' when close_reason is not null then p.status
                    when version_no = 1 and is_told then 'absent' end as was,
               case when close_reason is null and version_no > 1 then '-infinity'
                    else coalesce(not_before_at, case when close_reason = 'deleted' then p.valid_to_at else p.valid_from_at end, '-infinity') end as after_at,
               close_reason is distinct from 'superseded' as is_new, close_reason is null and version_no > 1 as is_purged
    ) l
    cross join lateral (
        select case when l.is_new and o.created_at > l.after_at and o.created_at <= o.read_at then o.created_at end as born_at,
               coalesce(o.occurred_at <= INSTANT, false) as is_over
    ) b
    where not o.is_gone and (l.is_new or p.status <> o.status) and l.after_at <= INSTANT
),
unsure as (
    select account_id, access_token_id, bool_or(is_over) as is_over, bool_and(is_over) as is_certain, (array_agg(status order by read_at))[1] as status,
           string_agg(possible, ',' order by read_at) as possible, min(after_at) as after_at, max(until_at) as until_at
    from (
        select steps.*, max(read_at) filter (where is_over) over life as known_at, min(read_at) filter (where is_ahead) over life as ahead_at
        from steps
        window life as (partition by account_id, access_token_id)
    ) s
    where possible is not null and read_at >= coalesce(known_at, '-infinity') and read_at <= coalesce(ahead_at, 'infinity')
    group by 1, 2
)
select account_id, a.account_name, access_token_id, case when u.is_over or v.status is null then u.status else v.status end as status,
       coalesce(u.is_certain, n.unread_at is null) as is_certain,
       case
           when u.is_over then u.possible
           when u.possible is not null then concat_ws(',', v.status, u.possible)
           when n.unread_at is null then v.status
           else v.status || case v.status when 'expired' then '' when 'activated' then ',unactivated,expired'
               when 'unactivated' then ',activated,expired' else ',unactivated,activated,expired' end || ',deleted'
       end as possible_statuses,
       coalesce(u.after_at, n.unread_at) as not_before_at, u.until_at as not_after_at
from (
    select account_id, access_token_id, status, null as read_at from inventory.access_token_history
    where valid_from_at <= INSTANT and valid_to_at > INSTANT
    union all
    select account_id, access_token_id, status, greatest(g.complete_started_at, valid_from_at)
    from inventory.access_tokens
    join inventory.targets g using (account_id)
    where g.source = 'access-tokens' and deleted_at is null and valid_from_at <= INSTANT
) v
full join unsure u using (account_id, access_token_id)
join inventory.accounts a using (account_id)
cross join lateral (select case when v.read_at < INSTANT then v.read_at end as unread_at) n
