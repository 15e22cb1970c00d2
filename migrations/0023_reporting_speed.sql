-- The same answers, sooner: what took longer over a million codes with ten million versions than the best SQL for it.
--
-- Columns, comments and answers stay as they are. `benchmark --views` measures each view beside its hand-written twin.

-- The daily counts know how many are live: of each day, what came less what went.
create or replace view reporting.freshness as
select
    t.account_id,
    a.account_name,
    t.source,
    t.complete_started_at as data_as_of_at,
    floor(extract(epoch from now() - t.complete_started_at))::bigint as age_seconds,
    t.stale_after_seconds,
    case
        when t.complete_started_at is null then 'never'
        when not t.is_scheduled or t.stale_after_seconds is null then 'off'
        when extract(epoch from now() - t.complete_started_at) > t.stale_after_seconds then 'stale'
        when extract(epoch from now() - t.complete_started_at) * 2 > t.stale_after_seconds then 'late'
        else 'fresh'
    end as state,
    (
        select coalesce(sum(c.change_count), 0)::bigint from inventory.daily_changes c
        where c.account_id = t.account_id and c.source = t.source
    ) as live_count,
    (
        select count(*) from inventory.scans s
        where s.account_id = t.account_id
          and s.source = t.source
          and s.scan_id > coalesce(t.complete_scan_id, 0)
          and s.outcome in ('failed', 'incomplete', 'held', 'abandoned')
          and not s.is_partial
    ) as consecutive_failure_count,
    -- An error of the newest scan that ended, not of the newest scan that failed.
    (
        select s.error_message from inventory.scans s
        where s.account_id = t.account_id
          and s.source = t.source
          and s.outcome <> 'running'
          and not s.is_partial
        order by s.scan_id desc
        limit 1
    ) as last_error
from inventory.targets t
left join inventory.accounts a on a.account_id = t.account_id;

create or replace view reporting.retention_candidates as
select
    e.account_id,
    a.account_name,
    e.dataset,
    e.object_id,
    e.version_no,
    e.ended_at,
    coalesce(f.state = 'fresh', false) as is_safe_to_act
from (
    select p.account_id, p.dataset, 'access-tokens' as source, c.access_token_id as object_id, c.version_no, c.valid_to_at as ended_at
    from inventory.retention_policies p
    join inventory.access_token_history c
        on c.account_id = p.account_id and c.valid_to_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'access_token_history'
    union all
    select p.account_id, p.dataset, 'access-tokens', c.access_token_id, null, c.not_after_at
    from inventory.retention_policies p
    join inventory.access_token_transitions c
        on c.account_id = p.account_id and c.not_after_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'access_token_transitions'
    union all
    select p.account_id, p.dataset, 'access-tokens', c.access_token_id, null, c.seen_at
    from inventory.retention_policies p
    join inventory.access_token_usage c
        on c.account_id = p.account_id and c.seen_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'access_token_usage'
    union all
    select p.account_id, p.dataset, 'mfa-devices', d.device_key::text, d.version_no, d.valid_to_at
    from inventory.retention_policies p
    join inventory.mfa_device_history d
        on d.account_id = p.account_id and d.valid_to_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'mfa_device_history'
    union all
    select p.account_id, p.dataset, 'mfa-devices', d.device_key::text, null, d.not_after_at
    from inventory.retention_policies p
    join inventory.mfa_device_transitions d
        on d.account_id = p.account_id and d.not_after_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'mfa_device_transitions'
) e
left join inventory.accounts a on a.account_id = e.account_id
left join reporting.freshness f on f.account_id = e.account_id and f.source = e.source
-- A hold of one object and a hold of all of them apart: the first are looked up by their object.
where not exists (
    select from inventory.legal_holds h
    where h.account_id = e.account_id
      and h.released_at is null
      and h.dataset = e.source
      and h.object_id = e.object_id
)
and not exists (
    select from inventory.legal_holds h
    where h.account_id = e.account_id
      and h.released_at is null
      and h.object_id is null
      and coalesce(h.dataset, e.source) = e.source
);

-- Each version is read once, and only what begins or ends a step goes on.
create or replace view reporting.access_token_lifecycle as
with versions as (
    -- When the life of a version ended with it, gone_at tells.
    select
        h.account_id, h.access_token_id, h.version_no, h.valid_from_at, h.status,
        case when h.close_reason = 'deleted' then h.valid_to_at end as gone_at
    from inventory.access_token_history h
    union all
    select t.account_id, t.access_token_id, t.version_no, t.valid_from_at, t.status, null
    from inventory.access_tokens t
    where t.deleted_at is null
),
compared as (
    -- Partitioned by the whole key here and below, so that a filter on it is applied first.
    select
        v.account_id, v.access_token_id, v.version_no, v.valid_from_at, v.status, v.gone_at,
        v.status is distinct from lag(v.status) over life or lag(v.gone_at) over life is not null as is_turn
    from versions v
    window life as (partition by v.account_id, v.access_token_id order by v.version_no)
),
turns as (
    -- The first version of each run of one status, at its own instant where that is known; an end has no status.
    select
        c.account_id, c.access_token_id, c.version_no, e.is_end, c.status,
        coalesce(x.occurred_at, e.seen_at) as started_at,
        x.occurred_at is not null as is_start_exact
    from compared c
    cross join lateral (values (false, c.valid_from_at), (true, c.gone_at)) as e (is_end, seen_at)
    left join inventory.access_token_transitions x
        on  x.account_id = c.account_id
        and x.access_token_id = c.access_token_id
        and x.not_after_at = e.seen_at
        and x.to_status = c.status
        and not e.is_end
    where (c.is_turn or c.gone_at is not null)
      and case when e.is_end then c.gone_at is not null else c.is_turn end
),
steps as (
    select
        t.account_id, t.access_token_id, t.is_end, t.status, t.started_at, t.is_start_exact,
        count(*) filter (where not t.is_end) over life as step_no,
        lead(t.started_at) over life as ended_at
    from turns t
    window life as (partition by t.account_id, t.access_token_id order by t.version_no, t.is_end)
)
select
    s.account_id,
    a.account_name,
    s.access_token_id,
    s.step_no::integer as step_no,
    s.status,
    s.started_at,
    s.ended_at,
    extract(epoch from s.ended_at - s.started_at)::double precision as duration_seconds,
    s.is_start_exact,
    s.ended_at is null as is_current
from steps s
left join inventory.accounts a on a.account_id = s.account_id
where not s.is_end;
