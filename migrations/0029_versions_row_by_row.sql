-- Each updated row is checked by itself, which needs no join of all old and new rows; the functions that copy what ends to
-- history check no more. The rules are those of 0004 and 0017.

create function inventory.guard_version() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    -- What an erasure may change is looked at by `keep_mfa_device_history`.
    if not inventory.is_erasing() then
        raise exception '% of %.% is refused: a version is never rewritten; open the next one, later, with the number after it',
            lower(tg_op), tg_table_schema, tg_table_name
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
comment on function inventory.guard_version is 'Trigger: refuses a row that neither keeps its version, nor opens the next one, nor becomes a tombstone, but in an erasure.';
revoke all on function inventory.guard_version() from public;

create trigger version_kept after update on inventory.access_tokens
    for each row when (
        (new.account_id, new.access_token_id) is distinct from (old.account_id, old.access_token_id)
        or (new.version_no = old.version_no and (
               (new.valid_from_at, new.first_seen_at, new.status, new.status_since_at, new.token_name, new.description,
                new.ttl_days, new.max_use_count, new.created_at, new.extra, new.change_kind, new.changed_columns, new.scan_id)
               is distinct from
               (old.valid_from_at, old.first_seen_at, old.status, old.status_since_at, old.token_name, old.description,
                old.ttl_days, old.max_use_count, old.created_at, old.extra, old.change_kind, old.changed_columns, old.scan_id)
               or (old.deleted_at is not null and new is distinct from old)))
        or (new.version_no <> old.version_no and (
               new.version_no <> old.version_no + 1
               or new.valid_from_at <= old.valid_from_at
               or new.valid_from_at < old.deleted_at
               or new.first_seen_at <> old.first_seen_at
               or new.deleted_at is not null)))
    execute function inventory.guard_version();

create trigger version_kept after update on inventory.mfa_devices
    for each row when (
        (new.account_id, new.device_key, new.serial_number)
        is distinct from (old.account_id, old.device_key, old.serial_number)
        or (new.version_no = old.version_no and (
               (new.valid_from_at, new.first_seen_at, new.status, new.status_since_at, new.user_key, new.activated_at,
                new.extra, new.change_kind, new.changed_columns, new.scan_id)
               is distinct from
               (old.valid_from_at, old.first_seen_at, old.status, old.status_since_at, old.user_key, old.activated_at,
                old.extra, old.change_kind, old.changed_columns, old.scan_id)
               or (old.deleted_at is not null and new is distinct from old)))
        or (new.version_no <> old.version_no and (
               new.version_no <> old.version_no + 1
               or new.valid_from_at <= old.valid_from_at
               or new.valid_from_at < old.deleted_at
               or new.first_seen_at <> old.first_seen_at
               or new.deleted_at is not null)))
    execute function inventory.guard_version();

create or replace function inventory.keep_access_token_history() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into inventory.access_token_history (
        account_id, access_token_id, version_no, valid_from_at, valid_to_at, status, token_name, description, ttl_days,
        max_use_count, created_at, expires_at, extra, change_kind, changed_columns, close_reason, scan_id, closed_scan_id)
    select o.account_id, o.access_token_id, o.version_no, o.valid_from_at, coalesce(n.deleted_at, n.valid_from_at),
           o.status, o.token_name, o.description, o.ttl_days, o.max_use_count, o.created_at, o.expires_at, o.extra,
           o.change_kind, o.changed_columns, case when n.deleted_at is null then 'superseded' else 'deleted' end,
           o.scan_id, coalesce(n.deleted_scan_id, n.scan_id)
    from old_rows o
    join new_rows n using (account_id, access_token_id)
    where o.deleted_at is null
      and (n.version_no <> o.version_no or n.deleted_at is not null);
    return null;
end $$;
comment on function inventory.keep_access_token_history is 'Trigger: copies every version that ends to access_token_history.';

create or replace function inventory.keep_mfa_device_history() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    if inventory.is_erasing() then
        if exists (
            select
            from old_rows o
            full join new_rows n using (account_id, device_key)
            where to_jsonb(n) - '{serial_number,extra,digest}'::text[]
                  is distinct from to_jsonb(o) - '{serial_number,extra,digest}'::text[]
               or n.serial_number !~ '^erased:[0-9a-f]{64}$' and n.serial_number <> o.serial_number
               or n.extra <> '{}'
               or n.digest <> 0
               or not exists (
                   select from inventory.erasures e
                   where e.account_id = n.account_id
                     and e.transaction_id = pg_current_xact_id_if_assigned()
                     and e.erased_at is null)
        ) then
            raise exception 'update of inventory.mfa_devices is refused: an erasure changes serial and extra fields to nothing, and no more'
                using errcode = 'restrict_violation';
        end if;
        return null;
    end if;
    insert into inventory.mfa_device_history (
        account_id, device_key, version_no, valid_from_at, valid_to_at, status, user_key, activated_at, extra,
        change_kind, changed_columns, close_reason, scan_id, closed_scan_id)
    select o.account_id, o.device_key, o.version_no, o.valid_from_at, coalesce(n.deleted_at, n.valid_from_at),
           o.status, o.user_key, o.activated_at, o.extra, o.change_kind, o.changed_columns,
           case when n.deleted_at is null then 'superseded' else 'deleted' end,
           o.scan_id, coalesce(n.deleted_scan_id, n.scan_id)
    from old_rows o
    join new_rows n using (account_id, device_key)
    where o.deleted_at is null
      and (n.version_no <> o.version_no or n.deleted_at is not null);
    return null;
end $$;
comment on function inventory.keep_mfa_device_history is 'Trigger: copies every version that ends to mfa_device_history; of an erasure it lets the redaction pass alone.';
