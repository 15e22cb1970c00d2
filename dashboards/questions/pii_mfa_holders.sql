-- Who holds which MFA device, and since when, by name?
-- For security, as stocktake_pii_reader: live devices that are bound. Names people. All instants are UTC.
--
-- Columns:
--   account_id: the account
--   user_principal_name: the user's login
--   display_name: the user's name
--   serial_number: the device
--   bound_since_at: when it was bound, as the API tells; null where it does not
--
-- Uncertainty: as of the last complete scan.
select
    d.account_id,
    d.user_principal_name,
    d.display_name,
    d.serial_number,
    d.activated_at as bound_since_at
from reporting_pii.mfa_devices d
where d.status = 'bound'
order by d.account_id, d.user_principal_name, d.serial_number;
