-- Estimates are the same for every reader: the middle of two instants is found in UTC. A session's own time zone may
-- have days of 23 or 25 hours, and moved it by half an hour or more.

create or replace view reporting.access_token_transitions as
select
    x.account_id,
    a.account_name,
    x.access_token_id,
    x.from_status,
    x.to_status,
    x.not_before_at,
    x.not_after_at,
    x.occurred_at,
    coalesce(x.occurred_at, (x.not_before_at at time zone 'UTC' + (x.not_after_at - x.not_before_at) / 2) at time zone 'UTC') as estimated_at,
    x.occurred_at is not null as is_exact,
    case
        when x.occurred_at is not null then 0
        else extract(epoch from x.not_after_at - x.not_before_at)
    end::double precision as uncertainty_seconds,
    x.time_basis,
    x.is_expected,
    x.anomaly,
    x.scan_id
from inventory.access_token_transitions x
left join inventory.accounts a on a.account_id = x.account_id;

create or replace view reporting.access_token_activation as
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
                then (b.not_before_at at time zone 'UTC' + (b.not_after_at - b.not_before_at) / 2) at time zone 'UTC'
        end as activated_at
) e;

create or replace view reporting.mfa_device_transitions as
select
    x.account_id,
    a.account_name,
    x.device_key,
    x.from_status,
    x.to_status,
    x.from_user_key,
    x.to_user_key,
    coalesce(x.from_user_key <> x.to_user_key, false) as is_user_change,
    x.not_before_at,
    x.not_after_at,
    x.occurred_at,
    coalesce(x.occurred_at, (x.not_before_at at time zone 'UTC' + (x.not_after_at - x.not_before_at) / 2) at time zone 'UTC') as estimated_at,
    x.occurred_at is not null as is_exact,
    case
        when x.occurred_at is not null then 0
        else extract(epoch from x.not_after_at - x.not_before_at)
    end::double precision as uncertainty_seconds,
    x.time_basis,
    x.is_expected,
    x.anomaly,
    x.scan_id
from inventory.mfa_device_transitions x
left join inventory.accounts a on a.account_id = x.account_id;
