-- What MFA devices were: versions, the state at an instant, transitions.

create view reporting.mfa_device_history as
select
    v.account_id,
    a.account_name,
    v.device_key,
    v.version_no,
    v.valid_from_at,
    v.valid_to_at,
    v.valid_to_at is null as is_current,
    v.status,
    v.user_key,
    v.activated_at,
    v.change_kind,
    array_to_string(v.changed_columns, ',') as changed_columns,
    v.close_reason,
    v.scan_id
from (
    select
        h.account_id, h.device_key, h.version_no, h.valid_from_at, h.valid_to_at, h.status, h.user_key,
        h.activated_at, h.change_kind, h.changed_columns, h.close_reason, h.scan_id
    from inventory.mfa_device_history h
    union all
    -- The last version of a tombstone is closed and stands above.
    select
        d.account_id, d.device_key, d.version_no, d.valid_from_at, null, d.status, d.user_key,
        d.activated_at, d.change_kind, d.changed_columns, null, d.scan_id
    from inventory.mfa_devices d
    where d.deleted_at is null
) v
left join inventory.accounts a on a.account_id = v.account_id;

comment on view reporting.mfa_device_history is 'One row per version of a device: what it was from valid_from_at up to, not including, valid_to_at. Versions of a device never overlap.';
comment on column reporting.mfa_device_history.account_id is 'Numeric id of the account, as text.';
comment on column reporting.mfa_device_history.account_name is 'The operator''s label for the account.';
comment on column reporting.mfa_device_history.device_key is 'Number of the device, stable.';
comment on column reporting.mfa_device_history.version_no is 'Number of the version of the device, from 1.';
comment on column reporting.mfa_device_history.valid_from_at is 'When this version was first read.';
comment on column reporting.mfa_device_history.valid_to_at is 'When the next version was first read, or the absence proven; null for the current version.';
comment on column reporting.mfa_device_history.is_current is 'Whether the version holds now; a deleted device has none that does.';
comment on column reporting.mfa_device_history.status is 'bound or unbound.';
comment on column reporting.mfa_device_history.user_key is 'Number of the user it was bound to; null while unbound.';
comment on column reporting.mfa_device_history.activated_at is 'ActivateDate: when it was bound; null where the API sent none.';
comment on column reporting.mfa_device_history.change_kind is 'Why the version opened: baseline (the first complete scan found it), appeared, changed, or reappeared after its absence was proven.';
comment on column reporting.mfa_device_history.changed_columns is 'What differs from the version before, comma separated; empty for the first. extra stands for fields outside this view.';
comment on column reporting.mfa_device_history.close_reason is 'Why it ended: superseded by the next version, or deleted; null for the current version.';
comment on column reporting.mfa_device_history.scan_id is 'The scan that opened the version.';

-- Written so that the planner puts the body in place of the call; see access_tokens_as_of.
create function reporting.mfa_devices_as_of(instant timestamptz)
    returns table (
        account_id      text,
        account_name    text,
        device_key      bigint,
        version_no      integer,
        valid_from_at   timestamptz,
        valid_to_at     timestamptz,
        status          text,
        user_key        bigint,
        activated_at    timestamptz,
        change_kind     text,
        changed_columns text,
        close_reason    text,
        scan_id         bigint
    )
    language sql stable
begin atomic
    select
        v.account_id, v.account_name, v.device_key, v.version_no, v.valid_from_at, v.valid_to_at, v.status,
        v.user_key, v.activated_at, v.change_kind, v.changed_columns, v.close_reason, v.scan_id
    from reporting.mfa_device_history v
    where v.valid_from_at <= mfa_devices_as_of.instant
      and (v.valid_to_at is null or v.valid_to_at > mfa_devices_as_of.instant);
end;
comment on function reporting.mfa_devices_as_of is 'The MFA devices as the history held them at an instant: at most one version a device, with the columns of mfa_device_history. valid_to_at and close_reason tell what came after.';

create view reporting.mfa_device_transitions as
select
    x.account_id,
    a.account_name,
    x.device_key,
    x.from_status,
    x.to_status,
    x.from_user_key,
    x.to_user_key,
    coalesce(x.from_user_key <> x.to_user_key, false) as is_user_change,
    x.not_before_at,
    x.not_after_at,
    x.occurred_at,
    coalesce(x.occurred_at, x.not_before_at + (x.not_after_at - x.not_before_at) / 2) as estimated_at,
    x.occurred_at is not null as is_exact,
    case
        when x.occurred_at is not null then 0
        else extract(epoch from x.not_after_at - x.not_before_at)
    end::double precision as uncertainty_seconds,
    x.time_basis,
    x.is_expected,
    x.anomaly,
    x.scan_id
from inventory.mfa_device_transitions x
left join inventory.accounts a on a.account_id = x.account_id;

comment on view reporting.mfa_device_transitions is 'One row per change of status or user of a device. It happened between not_before_at and not_after_at, both included; the baseline saw no change and has no row here.';
comment on column reporting.mfa_device_transitions.account_id is 'Numeric id of the account, as text.';
comment on column reporting.mfa_device_transitions.account_name is 'The operator''s label for the account.';
comment on column reporting.mfa_device_transitions.device_key is 'Number of the device, stable.';
comment on column reporting.mfa_device_transitions.from_status is 'The old status; null where the device appeared after the baseline, deleted where it came back.';
comment on column reporting.mfa_device_transitions.to_status is 'The new status; deleted where its absence was proven.';
comment on column reporting.mfa_device_transitions.from_user_key is 'Number of the user before; null where nobody held it.';
comment on column reporting.mfa_device_transitions.to_user_key is 'Number of the user after; null where nobody holds it.';
comment on column reporting.mfa_device_transitions.is_user_change is 'Whether the device passed from one user to another. False where it was only bound, unbound or deleted.';
comment on column reporting.mfa_device_transitions.not_before_at is 'The latest instant at which the old state is proven.';
comment on column reporting.mfa_device_transitions.not_after_at is 'When the new state was first read.';
comment on column reporting.mfa_device_transitions.occurred_at is 'The instant itself, where it can be known and lies within the bounds; else null.';
comment on column reporting.mfa_device_transitions.estimated_at is 'occurred_at, or else the middle of the bounds: for charts, not for evidence.';
comment on column reporting.mfa_device_transitions.is_exact is 'Whether occurred_at is known.';
comment on column reporting.mfa_device_transitions.uncertainty_seconds is 'Seconds between the bounds; 0 where the instant is known.';
comment on column reporting.mfa_device_transitions.time_basis is 'Where occurred_at comes from: activate_date (ActivateDate), or bounded (not known).';
comment on column reporting.mfa_device_transitions.is_expected is 'False for a change that cannot happen, such as a device that came back after its absence was proven.';
comment on column reporting.mfa_device_transitions.anomaly is 'What is odd about it, in words; null where nothing is.';
comment on column reporting.mfa_device_transitions.scan_id is 'The scan that recorded it.';
