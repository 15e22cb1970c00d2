-- Was this code really activated on that day: yes, no, or possibly?
-- For auditors: one row, where the code was ever seen. All instants are UTC, the day is a UTC day.
--
-- Columns:
--   account_name: the account
--   access_token_id: the code
--   answer: yes, no, possibly
--   not_before_at: since when it can have been activated, of the change to activated that touches the day; null where none does
--   not_after_at: by when it had been
--
-- Uncertainty: yes means that the bounds lie within the day, possibly that they reach beyond it. A code that was activated when it was
-- first read can have been so since its creation. Whether it was activated and disabled again between two scans is not known.
with params as (
    select
        text '1772422852740001' as account_id,
        text 'at-bp1184xaofbvfh6f8bzo' as access_token_id,
        date '2026-11-04' as day
),
asked as (
    select
        p.account_id,
        p.access_token_id,
        p.day::timestamp at time zone 'UTC' as begins_at,
        (p.day + 1)::timestamp at time zone 'UTC' as ends_at
    from params p
),
activations as (
    select x.account_id, x.access_token_id, x.not_before_at, x.not_after_at
    from reporting.access_token_transitions x
    join asked q on q.account_id = x.account_id and q.access_token_id = x.access_token_id
    where x.to_status = 'activated'
    union all
    -- The baseline has no transition.
    select h.account_id, h.access_token_id, coalesce(h.created_at, '-infinity'), h.valid_from_at
    from reporting.access_token_history h
    join asked q on q.account_id = h.account_id and q.access_token_id = h.access_token_id
    where h.status = 'activated'
      and h.change_kind = 'baseline'
)
select
    t.account_name,
    t.access_token_id,
    case
        when a.account_id is null then 'no'
        when a.not_before_at >= q.begins_at and a.not_after_at < q.ends_at then 'yes'
        else 'possibly'
    end as answer,
    nullif(a.not_before_at, '-infinity') as not_before_at,
    a.not_after_at
from asked q
join reporting.access_tokens_all t on t.account_id = q.account_id and t.access_token_id = q.access_token_id
left join activations a on a.not_before_at < q.ends_at and a.not_after_at >= q.begins_at
-- Where several touch the day, a certain one answers first.
order by (a.not_before_at >= q.begins_at and a.not_after_at < q.ends_at) desc nulls last, a.not_after_at
limit 1;
