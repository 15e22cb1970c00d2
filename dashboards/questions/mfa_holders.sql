-- Who holds which MFA device, and since when?
-- For security: live devices that are bound, users by number. All instants are UTC.
--
-- Columns:
--   account_name: the account
--   user_key: the user
--   device_key: the device
--   bound_since_at: when it was bound, as the API tells; null where it does not
--   read_since_at: when it was first read as bound
--   last_read_at: when it is known to have been so
--
-- Uncertainty: after last_read_at nothing has been read.
select
    d.account_name,
    d.user_key,
    d.device_key,
    d.activated_at as bound_since_at,
    d.status_since_at as read_since_at,
    d.last_seen_at as last_read_at
from reporting.mfa_devices d
where d.status = 'bound'
order by d.account_id, d.user_key, d.device_key;
