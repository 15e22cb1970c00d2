-- MFA devices as they are, and who holds them, by number: names are in reporting_pii.

create view reporting.mfa_devices as
select
    d.account_id,
    a.account_name,
    d.device_key,
    d.status,
    d.user_key,
    d.activated_at,
    d.status_since_at,
    d.first_seen_at,
    greatest(g.complete_started_at, d.valid_from_at) as last_seen_at,
    d.version_no
from inventory.mfa_devices d
left join inventory.accounts a on a.account_id = d.account_id
left join inventory.targets g on g.account_id = d.account_id and g.source = 'mfa-devices'
where d.deleted_at is null;

comment on view reporting.mfa_devices is 'One row per live virtual MFA device of RAM users. Hardware keys and the MFA of root accounts are not listed by the API.';
comment on column reporting.mfa_devices.account_id is 'Numeric id of the account, as text.';
comment on column reporting.mfa_devices.account_name is 'The operator''s label for the account.';
comment on column reporting.mfa_devices.device_key is 'Number of the device, stable; stands for the serial, which can contain a person''s name.';
comment on column reporting.mfa_devices.status is 'bound where the API names a user, else unbound.';
comment on column reporting.mfa_devices.user_key is 'Number of the user it is bound to; null while unbound.';
comment on column reporting.mfa_devices.activated_at is 'ActivateDate: when it was bound; null where the API sent none.';
comment on column reporting.mfa_devices.status_since_at is 'When this status was first read.';
comment on column reporting.mfa_devices.first_seen_at is 'When the device was first read.';
comment on column reporting.mfa_devices.last_seen_at is 'The latest instant at which the device is proven to exist: the start of the last complete scan, or its own last change if later.';
comment on column reporting.mfa_devices.version_no is 'Number of its open version in mfa_device_history, from 1.';

create view reporting.mfa_devices_unbound as
select
    d.account_id,
    d.account_name,
    d.device_key,
    d.status_since_at as unbound_since_at,
    floor(extract(epoch from now() - d.status_since_at) / 86400)::integer as unbound_days
from reporting.mfa_devices d
where d.status = 'unbound';

comment on view reporting.mfa_devices_unbound is 'One row per live device that is bound to nobody.';
comment on column reporting.mfa_devices_unbound.account_id is 'Numeric id of the account, as text.';
comment on column reporting.mfa_devices_unbound.account_name is 'The operator''s label for the account.';
comment on column reporting.mfa_devices_unbound.device_key is 'Number of the device, stable.';
comment on column reporting.mfa_devices_unbound.unbound_since_at is 'When it was first read as unbound; it may have been so before.';
comment on column reporting.mfa_devices_unbound.unbound_days is 'Whole days of 24 h since unbound_since_at, rounded down: the least it has been.';

create view reporting.mfa_devices_by_user as
with held as (
    select d.account_id, d.user_key, 1 as device_count, d.activated_at
    from inventory.mfa_devices d
    where d.status = 'bound'
      and d.deleted_at is null
    union all
    select h.account_id, h.user_key, 0, h.activated_at
    from inventory.mfa_device_history h
    where h.status = 'bound'
),
holders as (
    select h.account_id, h.user_key, sum(h.device_count) as device_count, max(h.activated_at) as last_activated_at
    from held h
    group by h.account_id, h.user_key
)
select
    u.account_id,
    a.account_name,
    u.user_key,
    coalesce(h.device_count, 0) as device_count,
    h.last_activated_at,
    coalesce(h.device_count, 0) > 0 as has_virtual_mfa
from inventory.mfa_users u
left join inventory.accounts a on a.account_id = u.account_id
left join holders h on h.account_id = u.account_id and h.user_key = u.user_key;

comment on view reporting.mfa_devices_by_user is 'One row per RAM user who was ever seen with a virtual MFA device. A user who never had one is not here, and one without may have a hardware key.';
comment on column reporting.mfa_devices_by_user.account_id is 'Numeric id of the account, as text.';
comment on column reporting.mfa_devices_by_user.account_name is 'The operator''s label for the account.';
comment on column reporting.mfa_devices_by_user.user_key is 'Number of the user, stable; the name is in reporting_pii.mfa_users.';
comment on column reporting.mfa_devices_by_user.device_count is 'Live devices bound to the user now.';
comment on column reporting.mfa_devices_by_user.last_activated_at is 'The latest ActivateDate of any device while it was the user''s, in the history that is kept; null where none is known.';
comment on column reporting.mfa_devices_by_user.has_virtual_mfa is 'Whether the user has such a device now.';
