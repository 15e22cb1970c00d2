-- How long did each code take from its creation to its activation?
-- For analysts: codes created in a period, deleted ones included, that were ever seen activated. All instants are UTC.
--
-- Columns:
--   account_name: the account
--   access_token_id: the code
--   created_at: its creation
--   activation_seconds: the estimate, the middle of the bounds; null where it was activated before the first scan
--   activation_min_seconds: the least it can have taken
--   activation_max_seconds: the most it can have taken
--
-- Uncertainty: the API tells no instant of activation. The truth lies from the minimum to the maximum, which are as far apart as the
-- scans that enclose it; a code first read activated has minimum 0. One that was disabled again between two scans is not here.
with params as (
    select
        date '2026-06-01' as first_date,
        date '2026-12-31' as last_date
)
select
    a.account_name,
    a.access_token_id,
    a.created_at,
    a.activation_seconds,
    a.activation_min_seconds,
    a.activation_max_seconds
from reporting.access_token_activation a
cross join params p
where a.is_activated
  and (a.created_at at time zone 'UTC')::date between p.first_date and p.last_date
order by a.activation_max_seconds desc, a.account_id, a.access_token_id;
