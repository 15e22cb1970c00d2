-- Which devices were never bound to anybody?
-- For security: live devices that no scan ever read as bound. All instants are UTC.
--
-- Columns:
--   account_name: the account
--   device_key: the device
--   first_seen_at: when it was first read
--   age_days: whole days since then: the least it has been there
--
-- Uncertainty: a device that was bound and unbound between two scans, or before the first one, is here.
select
    d.account_name,
    d.device_key,
    d.first_seen_at,
    floor(extract(epoch from now() - d.first_seen_at) / 86400)::integer as age_days
from reporting.mfa_devices d
where not exists (
    select
    from reporting.mfa_device_history h
    where h.account_id = d.account_id
      and h.device_key = d.device_key
      and h.status = 'bound'
)
order by d.first_seen_at, d.account_id, d.device_key;
