-- What changed in the inventory of codes between two dates?
-- For analysts and auditors: codes that came, went, or are not what they were. The dates are UTC days, taken at their beginning.
--
-- Columns:
--   account_name: the account
--   access_token_id: the code
--   change: appeared, gone, changed
--   status_before: its status at the first date; null where it was not there
--   status_after: its status at the second date; null where it was not there
--   changed_columns: what differs, comma separated; null unless changed
--
-- Uncertainty: this compares what had been read by each date. A change shortly before a date may have been read after it; what is known
-- by now of one date is in inventory_on_date. What changed and changed back in between is not here, but in access_token_transitions.
with params as (
    select
        date '2026-10-01' as first_date,
        date '2026-11-01' as second_date
),
before as (
    select h.account_id, h.account_name, h.access_token_id, h.status, h.token_name, h.description, h.ttl_days, h.max_use_count, h.created_at
    from params p
    cross join lateral reporting.access_tokens_as_of(p.first_date::timestamp at time zone 'UTC') h
),
after as (
    select h.account_id, h.account_name, h.access_token_id, h.status, h.token_name, h.description, h.ttl_days, h.max_use_count, h.created_at
    from params p
    cross join lateral reporting.access_tokens_as_of(p.second_date::timestamp at time zone 'UTC') h
)
select
    coalesce(b.account_name, a.account_name) as account_name,
    access_token_id,
    case
        when b.status is null then 'appeared'
        when a.status is null then 'gone'
        else 'changed'
    end as change,
    b.status as status_before,
    a.status as status_after,
    c.changed_columns
from before b
full join after a using (account_id, access_token_id)
cross join lateral (
    select
        case
            when b.status is not null and a.status is not null then concat_ws(
                ',',
                case when b.status <> a.status then 'status' end,
                case when b.token_name is distinct from a.token_name then 'token_name' end,
                case when b.description is distinct from a.description then 'description' end,
                case when b.ttl_days is distinct from a.ttl_days then 'ttl_days' end,
                case when b.max_use_count is distinct from a.max_use_count then 'max_use_count' end,
                case when b.created_at is distinct from a.created_at then 'created_at' end
            )
        end as changed_columns
) c
where c.changed_columns is distinct from ''
order by change, account_id, access_token_id;
