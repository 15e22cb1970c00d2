-- The views that name people. Everything else stands on their numbers.

create view reporting_pii.mfa_users as
select
    u.account_id,
    u.user_key,
    u.user_id,
    u.user_principal_name,
    u.display_name
from inventory.mfa_users u;

comment on view reporting_pii.mfa_users is 'One row per RAM user who was ever seen with a virtual MFA device: who a user_key is.';
comment on column reporting_pii.mfa_users.account_id is 'Numeric id of the account, as text.';
comment on column reporting_pii.mfa_users.user_key is 'Number of the user, stable.';
comment on column reporting_pii.mfa_users.user_id is 'UserId; the UserPrincipalName where the API sent no id.';
comment on column reporting_pii.mfa_users.user_principal_name is 'UserPrincipalName, the newest; null where the API sent none.';
comment on column reporting_pii.mfa_users.display_name is 'DisplayName, the newest; null where the API sent none.';

create view reporting_pii.mfa_devices as
select
    d.account_id,
    d.device_key,
    d.serial_number,
    d.status,
    d.user_key,
    u.user_principal_name,
    u.display_name,
    d.activated_at
from inventory.mfa_devices d
left join inventory.mfa_users u on u.account_id = d.account_id and u.user_key = d.user_key
where d.deleted_at is null;

comment on view reporting_pii.mfa_devices is 'One row per live virtual MFA device, with its serial and the name of its user.';
comment on column reporting_pii.mfa_devices.account_id is 'Numeric id of the account, as text.';
comment on column reporting_pii.mfa_devices.device_key is 'Number of the device, stable; joins the views of schema reporting.';
comment on column reporting_pii.mfa_devices.serial_number is 'SerialNumber; can contain a person''s name.';
comment on column reporting_pii.mfa_devices.status is 'bound where the API names a user, else unbound.';
comment on column reporting_pii.mfa_devices.user_key is 'Number of the user it is bound to; null while unbound.';
comment on column reporting_pii.mfa_devices.user_principal_name is 'UserPrincipalName of that user; null while unbound.';
comment on column reporting_pii.mfa_devices.display_name is 'DisplayName of that user; null while unbound, or where the API sent none.';
comment on column reporting_pii.mfa_devices.activated_at is 'ActivateDate: when it was bound; null where the API sent none.';
