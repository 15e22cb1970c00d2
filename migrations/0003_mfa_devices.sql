-- Virtual MFA devices and their users: the current row is the open version, history holds the closed ones.

create table inventory.mfa_users (
    account_id          text        not null,
    user_key            bigint      generated always as identity,
    user_id             text        not null,
    user_principal_name text,
    display_name        text,
    first_seen_at       timestamptz not null,
    constraint mfa_users_pkey primary key (account_id, user_key)
);
comment on table inventory.mfa_users is 'RAM users that were seen with a device: the one place of people''s names.';
comment on column inventory.mfa_users.account_id is 'The account.';
comment on column inventory.mfa_users.user_key is 'Pseudonymous number of the user, stable.';
comment on column inventory.mfa_users.user_id is 'UserId; the UserPrincipalName where the API sent no id.';
comment on column inventory.mfa_users.user_principal_name is 'UserPrincipalName, kept current.';
comment on column inventory.mfa_users.display_name is 'DisplayName, kept current.';
comment on column inventory.mfa_users.first_seen_at is 'When the user was first read.';

-- A text of any length may come; its md5 always fits an index.
create unique index mfa_users_by_id on inventory.mfa_users (account_id, md5(user_id));

create table inventory.mfa_devices (
    account_id       text        not null,
    device_key       bigint      generated always as identity,
    serial_number    text        not null,
    version_no       integer     not null,
    valid_from_at    timestamptz not null,
    first_seen_at    timestamptz not null,
    status           text        not null,
    status_since_at  timestamptz not null,
    user_key         bigint,
    activated_at     timestamptz,
    extra            jsonb       not null,
    digest           bigint      not null,
    change_kind      text        not null,
    changed_columns  text[]      not null,
    scan_id          bigint      not null,
    deleted_at       timestamptz,
    deleted_scan_id  bigint,
    constraint mfa_devices_pkey primary key (account_id, device_key),
    constraint mfa_devices_version_no_positive check (version_no >= 1),
    constraint mfa_devices_status_known check (status in ('bound', 'unbound')),
    constraint mfa_devices_bound_has_user check ((status = 'bound') = (user_key is not null)),
    constraint mfa_devices_change_kind_known check (change_kind in ('baseline', 'appeared', 'changed', 'reappeared')),
    constraint mfa_devices_deleted_after_open check (deleted_at > valid_from_at),
    constraint mfa_devices_tombstone_names_scan check ((deleted_at is null) = (deleted_scan_id is null))
);
comment on table inventory.mfa_devices is 'Virtual MFA devices: the open version of each live device, and the tombstone of each deleted one.';
comment on column inventory.mfa_devices.account_id is 'The account.';
comment on column inventory.mfa_devices.device_key is 'Number of the device, stable; stands for the serial, which can contain a person''s name.';
comment on column inventory.mfa_devices.serial_number is 'SerialNumber.';
comment on column inventory.mfa_devices.version_no is 'Number of the version, from 1; of a tombstone, its last one.';
comment on column inventory.mfa_devices.valid_from_at is 'When this version was first read.';
comment on column inventory.mfa_devices.first_seen_at is 'When the device was first read.';
comment on column inventory.mfa_devices.status is 'bound where the API names a user, else unbound.';
comment on column inventory.mfa_devices.status_since_at is 'When this status was first read.';
comment on column inventory.mfa_devices.user_key is 'The user it is bound to; null while unbound.';
comment on column inventory.mfa_devices.activated_at is 'ActivateDate: when it was bound.';
comment on column inventory.mfa_devices.extra is 'Fields that this program does not know or could not read, as sent.';
comment on column inventory.mfa_devices.digest is 'Digest of the item as read: an equal digest means an unchanged device.';
comment on column inventory.mfa_devices.change_kind is 'Why the version opened: baseline, appeared, changed or reappeared.';
comment on column inventory.mfa_devices.changed_columns is 'What differs from the version before; empty for the first.';
comment on column inventory.mfa_devices.scan_id is 'The scan that opened the version.';
comment on column inventory.mfa_devices.deleted_at is 'When its absence was proven; null for a live device.';
comment on column inventory.mfa_devices.deleted_scan_id is 'The scan that proved it; null for a live device.';

create unique index mfa_devices_by_serial on inventory.mfa_devices (account_id, md5(serial_number));

create table inventory.mfa_device_history (
    account_id      text        not null,
    device_key      bigint      not null,
    version_no      integer     not null,
    valid_from_at   timestamptz not null,
    valid_to_at     timestamptz not null,
    status          text        not null,
    user_key        bigint,
    activated_at    timestamptz,
    extra           jsonb       not null,
    change_kind     text        not null,
    changed_columns text[]      not null,
    close_reason    text        not null,
    scan_id         bigint      not null,
    closed_scan_id  bigint      not null,
    constraint mfa_device_history_pkey primary key (account_id, device_key, version_no),
    constraint mfa_device_history_period_not_empty check (valid_from_at < valid_to_at),
    constraint mfa_device_history_close_reason_known check (close_reason in ('superseded', 'deleted')),
    constraint mfa_device_history_no_overlap exclude using gist (
        device_key with =,
        account_id with =,
        tstzrange(valid_from_at, valid_to_at) with &&
    )
);
comment on table inventory.mfa_device_history is 'Closed versions of devices; append-only, written by the guard of mfa_devices alone.';
comment on column inventory.mfa_device_history.account_id is 'The account.';
comment on column inventory.mfa_device_history.device_key is 'The device.';
comment on column inventory.mfa_device_history.version_no is 'Number of the version, from 1.';
comment on column inventory.mfa_device_history.valid_from_at is 'When this version was first read.';
comment on column inventory.mfa_device_history.valid_to_at is 'When the next version was first read, or the absence proven.';
comment on column inventory.mfa_device_history.status is 'bound or unbound.';
comment on column inventory.mfa_device_history.user_key is 'The user it was bound to; null while unbound.';
comment on column inventory.mfa_device_history.activated_at is 'ActivateDate.';
comment on column inventory.mfa_device_history.extra is 'Fields that this program does not know or could not read, as sent.';
comment on column inventory.mfa_device_history.change_kind is 'Why the version opened.';
comment on column inventory.mfa_device_history.changed_columns is 'What differs from the version before.';
comment on column inventory.mfa_device_history.close_reason is 'superseded by the next version, or deleted.';
comment on column inventory.mfa_device_history.scan_id is 'The scan that opened the version.';
comment on column inventory.mfa_device_history.closed_scan_id is 'The scan that closed it.';

create index mfa_device_history_by_end on inventory.mfa_device_history (account_id, valid_to_at);

create table inventory.mfa_device_transitions (
    account_id    text        not null,
    device_key    bigint      not null,
    not_before_at timestamptz not null,
    not_after_at  timestamptz not null,
    from_status   text,
    to_status     text        not null,
    from_user_key bigint,
    to_user_key   bigint,
    occurred_at   timestamptz,
    time_basis    text        not null,
    is_expected   boolean     not null,
    anomaly       text,
    scan_id       bigint      not null,
    constraint mfa_device_transitions_pkey primary key (account_id, device_key, not_after_at),
    constraint mfa_device_transitions_bounds check (not_before_at <= not_after_at),
    constraint mfa_device_transitions_occurred_within check (occurred_at between not_before_at and not_after_at),
    constraint mfa_device_transitions_basis_known check (time_basis in ('activate_date', 'bounded')),
    constraint mfa_device_transitions_basis_gives_instant check ((occurred_at is null) = (time_basis = 'bounded')),
    constraint mfa_device_transitions_is_a_change check (
        from_status is distinct from to_status or from_user_key is distinct from to_user_key
    ),
    constraint mfa_device_transitions_unexpected_says_why check (is_expected or anomaly is not null)
);
comment on table inventory.mfa_device_transitions is 'Changes of status or user of devices, with honest time bounds; append-only.';
comment on column inventory.mfa_device_transitions.account_id is 'The account.';
comment on column inventory.mfa_device_transitions.device_key is 'The device.';
comment on column inventory.mfa_device_transitions.not_before_at is 'The latest instant at which the old state is proven.';
comment on column inventory.mfa_device_transitions.not_after_at is 'When the new state was first read.';
comment on column inventory.mfa_device_transitions.from_status is 'The old status; null where the device appeared after the baseline, deleted where it came back.';
comment on column inventory.mfa_device_transitions.to_status is 'The new status; deleted for a tombstone.';
comment on column inventory.mfa_device_transitions.from_user_key is 'The user before; null where nobody held it.';
comment on column inventory.mfa_device_transitions.to_user_key is 'The user after; null where nobody holds it.';
comment on column inventory.mfa_device_transitions.occurred_at is 'The instant itself, where it is known and lies within the bounds; else null.';
comment on column inventory.mfa_device_transitions.time_basis is 'Where occurred_at comes from: activate_date (ActivateDate), or bounded (unknown).';
comment on column inventory.mfa_device_transitions.is_expected is 'False for a change that cannot happen, such as a device that came back after its tombstone.';
comment on column inventory.mfa_device_transitions.anomaly is 'What is odd about the transition; null where nothing is.';
comment on column inventory.mfa_device_transitions.scan_id is 'The scan that recorded it.';

create index mfa_device_transitions_by_time on inventory.mfa_device_transitions (account_id, not_after_at);
