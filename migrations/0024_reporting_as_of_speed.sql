-- The state at an instant by the index of ends: each half of a history says itself whether its versions are current.
--
-- A condition on valid_to_at that allows null hid the range of the index from the planner, and a function that is not
-- marked kept the whole query from running in parallel. Columns, comments and answers stay as they are.

create or replace view reporting.access_token_history as
select
    v.account_id,
    a.account_name,
    v.access_token_id,
    v.version_no,
    v.valid_from_at,
    v.valid_to_at,
    v.is_current,
    v.status,
    v.token_name,
    v.description,
    v.ttl_days,
    v.max_use_count,
    v.created_at,
    v.expires_at,
    v.change_kind,
    array_to_string(v.changed_columns, ',') as changed_columns,
    v.close_reason,
    v.scan_id
from (
    select
        h.account_id, h.access_token_id, h.version_no, h.valid_from_at, h.valid_to_at, h.status, h.token_name,
        h.description, h.ttl_days, h.max_use_count, h.created_at, h.expires_at, h.change_kind, h.changed_columns,
        h.close_reason, h.scan_id, false as is_current
    from inventory.access_token_history h
    union all
    -- The last version of a tombstone is closed and stands above.
    select
        t.account_id, t.access_token_id, t.version_no, t.valid_from_at, null, t.status, t.token_name,
        t.description, t.ttl_days, t.max_use_count, t.created_at, t.expires_at, t.change_kind, t.changed_columns,
        null, t.scan_id, true
    from inventory.access_tokens t
    where t.deleted_at is null
) v
left join inventory.accounts a on a.account_id = v.account_id;

create or replace function reporting.access_tokens_as_of(instant timestamptz)
    returns table (
        account_id      text,
        account_name    text,
        access_token_id text,
        version_no      integer,
        valid_from_at   timestamptz,
        valid_to_at     timestamptz,
        status          text,
        token_name      text,
        description     text,
        ttl_days        integer,
        max_use_count   integer,
        created_at      timestamptz,
        expires_at      timestamptz,
        change_kind     text,
        changed_columns text,
        close_reason    text,
        scan_id         bigint
    )
    language sql stable parallel safe
begin atomic
    select
        v.account_id, v.account_name, v.access_token_id, v.version_no, v.valid_from_at, v.valid_to_at, v.status,
        v.token_name, v.description, v.ttl_days, v.max_use_count, v.created_at, v.expires_at, v.change_kind,
        v.changed_columns, v.close_reason, v.scan_id
    from reporting.access_token_history v
    where v.valid_from_at <= access_tokens_as_of.instant
      and (v.is_current or v.valid_to_at > access_tokens_as_of.instant);
end;

create or replace view reporting.mfa_device_history as
select
    v.account_id,
    a.account_name,
    v.device_key,
    v.version_no,
    v.valid_from_at,
    v.valid_to_at,
    v.is_current,
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
        h.activated_at, h.change_kind, h.changed_columns, h.close_reason, h.scan_id, false as is_current
    from inventory.mfa_device_history h
    union all
    -- The last version of a tombstone is closed and stands above.
    select
        d.account_id, d.device_key, d.version_no, d.valid_from_at, null, d.status, d.user_key,
        d.activated_at, d.change_kind, d.changed_columns, null, d.scan_id, true
    from inventory.mfa_devices d
    where d.deleted_at is null
) v
left join inventory.accounts a on a.account_id = v.account_id;

create or replace function reporting.mfa_devices_as_of(instant timestamptz)
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
    language sql stable parallel safe
begin atomic
    select
        v.account_id, v.account_name, v.device_key, v.version_no, v.valid_from_at, v.valid_to_at, v.status,
        v.user_key, v.activated_at, v.change_kind, v.changed_columns, v.close_reason, v.scan_id
    from reporting.mfa_device_history v
    where v.valid_from_at <= mfa_devices_as_of.instant
      and (v.is_current or v.valid_to_at > mfa_devices_as_of.instant);
end;

alter function reporting.access_token_status_at(timestamptz) parallel safe;
alter function reporting.mfa_device_status_at(timestamptz) parallel safe;
