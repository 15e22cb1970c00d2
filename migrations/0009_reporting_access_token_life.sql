-- The life of an activation code: its steps, and how long it took to be activated.

create view reporting.access_token_lifecycle as
with events as (
    -- What opened each version, and what ended each life: an end has no status.
    select h.account_id, h.access_token_id, h.version_no, false as is_end, h.valid_from_at as seen_at, h.status
    from inventory.access_token_history h
    union all
    select t.account_id, t.access_token_id, t.version_no, false, t.valid_from_at, t.status
    from inventory.access_tokens t
    where t.deleted_at is null
    union all
    select h.account_id, h.access_token_id, h.version_no, true, h.valid_to_at, null
    from inventory.access_token_history h
    where h.close_reason = 'deleted'
),
compared as (
    -- Partitioned by the whole key here and below, so that a filter on it is applied first.
    select
        e.account_id, e.access_token_id, e.version_no, e.is_end, e.seen_at, e.status,
        lag(e.status) over (partition by e.account_id, e.access_token_id order by e.version_no, e.is_end) as previous_status
    from events e
),
turns as (
    -- The first event of each run of one status, at its own instant where that is known.
    select
        c.account_id, c.access_token_id, c.version_no, c.is_end, c.status,
        coalesce(x.occurred_at, c.seen_at) as started_at,
        x.occurred_at is not null as is_start_exact
    from compared c
    left join inventory.access_token_transitions x
        on  x.account_id = c.account_id
        and x.access_token_id = c.access_token_id
        and x.not_after_at = c.seen_at
        and x.to_status = c.status
    where c.status is distinct from c.previous_status
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

comment on view reporting.access_token_lifecycle is 'One row per step in the life of an activation code: a period of one status, the first being the status in which it was first read. Being deleted is no step: it ends the last one, and a code that comes back begins another. Told from the history that is kept: after a purge it starts later.';
comment on column reporting.access_token_lifecycle.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_token_lifecycle.account_name is 'The operator''s label for the account.';
comment on column reporting.access_token_lifecycle.access_token_id is 'AccessTokenId.';
comment on column reporting.access_token_lifecycle.step_no is 'Number of the step of the code, from 1.';
comment on column reporting.access_token_lifecycle.status is 'Status as reported.';
comment on column reporting.access_token_lifecycle.started_at is 'When the step began, where is_start_exact; else when it was first read, which is later than it began.';
comment on column reporting.access_token_lifecycle.ended_at is 'started_at of the next step, or when the absence of the code was proven; null for the current step.';
comment on column reporting.access_token_lifecycle.duration_seconds is 'Seconds from started_at to ended_at, as exact as they are; null for the current step, so that averages count finished steps only.';
comment on column reporting.access_token_lifecycle.is_start_exact is 'Whether started_at is the instant itself: a creation or a computed expiry. Always false for the baseline.';
comment on column reporting.access_token_lifecycle.is_current is 'Whether the code is in this step now; a deleted code is in none.';

create view reporting.access_token_activation as
with first_turns as (
    -- The first change to activated that was seen; the primary key gives the order.
    select distinct on (x.account_id, x.access_token_id)
        x.account_id, x.access_token_id, x.not_before_at, x.not_after_at
    from inventory.access_token_transitions x
    where x.to_status = 'activated'
    order by x.account_id, x.access_token_id, x.not_after_at
)
select
    t.account_id,
    a.account_name,
    t.access_token_id,
    t.created_at,
    e.activated_at,
    -- greatest() ignores null, and would make 0 of an unknown.
    case
        when e.activated_at is not null and t.created_at is not null
            then greatest(0, extract(epoch from e.activated_at - t.created_at))
    end::double precision as activation_seconds,
    case
        when b.is_activated and t.created_at is not null
            then greatest(0, extract(epoch from b.not_before_at - t.created_at))
    end::double precision as activation_min_seconds,
    case
        when b.is_activated and t.created_at is not null
            then greatest(0, extract(epoch from b.not_after_at - t.created_at))
    end::double precision as activation_max_seconds,
    b.is_activated
from inventory.access_tokens t
left join inventory.accounts a on a.account_id = t.account_id
left join inventory.access_token_history v
    on  v.account_id = t.account_id
    and v.access_token_id = t.access_token_id
    and v.version_no = 1
left join first_turns f on f.account_id = t.account_id and f.access_token_id = t.access_token_id
-- How the code was first read; unknown once that version is purged.
cross join lateral (
    select
        case when t.version_no = 1 then t.status else v.status end as status,
        case when t.version_no = 1 then t.change_kind else v.change_kind end as change_kind
) o
-- Between which instants it was activated.
cross join lateral (
    select
        coalesce(o.status = 'activated', false) or f.not_after_at is not null or t.status = 'activated' as is_activated,
        case
            when o.status = 'activated' then t.created_at
            else greatest(f.not_before_at, t.created_at)
        end as not_before_at,
        case
            when o.status = 'activated' then t.first_seen_at
            when f.not_after_at is not null then f.not_after_at
            when t.status = 'activated' then t.status_since_at
        end as not_after_at
) b
-- Nothing is known of the time before the baseline but the creation: no middle is taken there.
cross join lateral (
    select
        case
            when o.status = 'activated' and o.change_kind = 'baseline' then null
            when o.status = 'activated' or f.not_after_at is not null
                then b.not_before_at + (b.not_after_at - b.not_before_at) / 2
        end as activated_at
) e;

comment on view reporting.access_token_activation is 'One row per activation code, deleted ones included: how long after its creation it was first reported activated. The API tells no instant of activation, so it lies somewhere from activation_min_seconds to activation_max_seconds after created_at. Which event makes a code activated is not documented.';
comment on column reporting.access_token_activation.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_token_activation.account_name is 'The operator''s label for the account.';
comment on column reporting.access_token_activation.access_token_id is 'AccessTokenId.';
comment on column reporting.access_token_activation.created_at is 'CreationTime; null where it could not be read.';
comment on column reporting.access_token_activation.activated_at is 'Estimated: the middle of the bounds. For a code first read activated the lower bound is its creation. Null for a code never seen activated, and for one that was activated before the baseline, whose time nobody saw.';
comment on column reporting.access_token_activation.activation_seconds is 'Seconds from created_at to activated_at, an estimate; null where either is.';
comment on column reporting.access_token_activation.activation_min_seconds is 'The least it can have taken, in seconds; 0 for a code first read activated. Null for a code never seen activated, or of unknown creation.';
comment on column reporting.access_token_activation.activation_max_seconds is 'The most it can have taken, in seconds; null as activation_min_seconds. Of a code activated before the baseline: its age when the baseline read it.';
comment on column reporting.access_token_activation.is_activated is 'Whether the code was ever seen activated, in the history that is kept. False says only that no scan saw it so.';
