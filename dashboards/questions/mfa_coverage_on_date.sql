-- How many users held an MFA device on an audit date, at least and at most?
-- For auditors: users who were ever seen with a virtual device, at the beginning of a UTC day.
--
-- Columns:
--   account_name: the account
--   certain_user_count: users who certainly held one: at least so many
--   possible_user_count: users who may have held one: at most so many, of those who were ever seen with one
--
-- Uncertainty: a user who had a device only between two scans is not known.
with params as (
    select date '2026-11-01' as audit_date
)
select
    s.account_name,
    count(distinct s.user_key) filter (where s.is_certain) as certain_user_count,
    count(distinct o.user_key) as possible_user_count
from params p
cross join lateral reporting.mfa_device_status_at(p.audit_date::timestamp at time zone 'UTC') s
cross join lateral unnest(string_to_array(s.possible_user_keys, ',')) as o (user_key)
group by s.account_id, s.account_name
order by s.account_id;
