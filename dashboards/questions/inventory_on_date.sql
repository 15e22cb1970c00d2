-- What did the inventory of codes look like on an audit date?
-- For auditors: each code that was or may have been there at the beginning of a UTC day.
--
-- Columns:
--   account_name: the account
--   access_token_id: the code
--   status: the last status known to have held by then; absent or deleted where the code may not have been there; null where nobody had read it
--   is_certain: whether no other status is possible
--   possible_statuses: all that are possible, in the order of time
--   not_before_at: where it is uncertain, since when
--   not_after_at: where it is uncertain, until when; null where it was not read since
--
-- Uncertainty: a row that is not certain may be any of its possible statuses. A status that changed and changed back between two scans
-- is not known to anybody, nor is a code that came and went between two.
with params as (
    select date '2026-11-01' as audit_date
)
select
    s.account_name,
    s.access_token_id,
    s.status,
    s.is_certain,
    s.possible_statuses,
    s.not_before_at,
    s.not_after_at
from params p
cross join lateral reporting.access_token_status_at(p.audit_date::timestamp at time zone 'UTC') s
order by s.account_id, s.access_token_id;
