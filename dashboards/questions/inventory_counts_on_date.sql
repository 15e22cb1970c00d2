-- How many codes of each status were there on an audit date, at least and at most?
-- For auditors: the beginning of a UTC day.
--
-- Columns:
--   account_name: the account
--   status: the status
--   known_count: codes of which it is the last status known to have held by then
--   certain_count: codes that certainly had it: at least so many
--   possible_count: codes that may have had it: at most so many
--
-- Uncertainty: the true number lies from certain_count to possible_count. absent and deleted count codes that may not have been there.
with params as (
    select date '2026-11-01' as audit_date
)
select
    s.account_name,
    o.status,
    count(*) filter (where s.status = o.status) as known_count,
    count(*) filter (where s.is_certain) as certain_count,
    count(*) as possible_count
from params p
cross join lateral reporting.access_token_status_at(p.audit_date::timestamp at time zone 'UTC') s
cross join lateral (
    select distinct status
    from unnest(string_to_array(s.possible_statuses, ',')) as t (status)
) o
group by s.account_id, s.account_name, o.status
order by s.account_id, o.status;
