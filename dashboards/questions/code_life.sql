-- What happened to one code, and when at the earliest and at the latest?
-- For everyone who follows a code: each change of its status. All instants are UTC.
--
-- Columns:
--   from_status: what it was; null where it was first read
--   to_status: what it became; deleted where it was gone
--   not_before_at: at the earliest; null where the first scan found it so and nothing tells its creation
--   not_after_at: at the latest
--   occurred_at: the instant itself, where it is known
--   anomaly: what is odd about it; null where nothing is
--
-- Uncertainty: a change without occurred_at happened anywhere from not_before_at to not_after_at.
with params as (
    select
        text '1772422852740001' as account_id,
        text 'at-bp1184xaofbvfh6f8bzo' as access_token_id
)
select
    x.from_status,
    x.to_status,
    x.not_before_at,
    x.not_after_at,
    x.occurred_at,
    x.anomaly
from reporting.access_token_transitions x
join params p on p.account_id = x.account_id and p.access_token_id = x.access_token_id
union all
-- What the first scan found, it had not seen change.
select null, h.status, h.created_at, h.valid_from_at, null, null
from reporting.access_token_history h
join params p on p.account_id = h.account_id and p.access_token_id = h.access_token_id
where h.change_kind = 'baseline'
order by not_after_at;
