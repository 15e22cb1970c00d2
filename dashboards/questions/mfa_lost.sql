-- Which users have lost their last MFA device, and when?
-- For security: users who were seen with a virtual device and have none now. All instants are UTC.
--
-- Columns:
--   account_name: the account
--   user_key: the user
--   device_key: the device that they lost last
--   became: what became of it: unbound, bound (to another user), deleted
--   not_before_at: they still had it
--   not_after_at: they had it no more
--
-- Uncertainty: they lost it from not_before_at to not_after_at. They may have a hardware key, which the API does not list. The bounds
-- are null where retention has purged them.
with losses as (
    select distinct on (x.account_id, x.from_user_key)
        x.account_id, x.from_user_key as user_key, x.device_key, x.to_status, x.not_before_at, x.not_after_at
    from reporting.mfa_device_transitions x
    where x.from_user_key is not null
      and x.to_user_key is distinct from x.from_user_key
    order by x.account_id, x.from_user_key, x.not_after_at desc
)
select
    u.account_name,
    u.user_key,
    l.device_key,
    l.to_status as became,
    l.not_before_at,
    l.not_after_at
from reporting.mfa_devices_by_user u
left join losses l on l.account_id = u.account_id and l.user_key = u.user_key
where not u.has_virtual_mfa
order by l.not_after_at desc nulls last, u.account_id, u.user_key;
