-- What changed among the MFA devices between two dates?
-- For security and auditors: devices that came, went, or are not bound as they were. The dates are UTC days, taken at their beginning.
--
-- Columns:
--   account_name: the account
--   device_key: the device
--   change: appeared, gone, bound, unbound, other user
--   user_key_before: who held it at the first date; null where nobody did
--   user_key_after: who held it at the second date; null where nobody did
--
-- Uncertainty: this compares what had been read by each date. What changed and changed back in between is in mfa_device_transitions.
with params as (
    select
        date '2026-10-01' as first_date,
        date '2026-11-01' as second_date
),
before as (
    select h.account_id, h.account_name, h.device_key, h.status, h.user_key
    from params p
    cross join lateral reporting.mfa_devices_as_of(p.first_date::timestamp at time zone 'UTC') h
),
after as (
    select h.account_id, h.account_name, h.device_key, h.status, h.user_key
    from params p
    cross join lateral reporting.mfa_devices_as_of(p.second_date::timestamp at time zone 'UTC') h
)
select
    coalesce(b.account_name, a.account_name) as account_name,
    device_key,
    case
        when b.status is null then 'appeared'
        when a.status is null then 'gone'
        when b.status = a.status then 'other user'
        else a.status
    end as change,
    b.user_key as user_key_before,
    a.user_key as user_key_after
from before b
full join after a using (account_id, device_key)
where (b.status, b.user_key) is distinct from (a.status, a.user_key)
order by change, account_id, device_key;
