-- What an update of current rows has to pass, and what it leaves behind, in less time: each row is checked by itself,
-- which needs no join, and one join of old and new rows feeds both history and the counts by day. The rules are those of
-- 0004, 0015 and 0017.

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

-- Nobody but its triggers calls it.
drop trigger count_changed on inventory.access_tokens;
drop trigger count_changed on inventory.mfa_devices;
drop function inventory.count_changed();

create or replace function inventory.keep_access_token_history() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    with ended as materialized (
        select o.*, n.status as next_status, n.valid_from_at as next_from_at, n.deleted_at as gone_at,
               coalesce(n.deleted_scan_id, n.scan_id) as closed_scan_id
        from old_rows o
        join new_rows n using (account_id, access_token_id)
        where n.version_no <> o.version_no or n.deleted_at is not null
    ), history as (
        insert into inventory.access_token_history (
            account_id, access_token_id, version_no, valid_from_at, valid_to_at, status, token_name, description, ttl_days,
            max_use_count, created_at, expires_at, extra, change_kind, changed_columns, close_reason, scan_id, closed_scan_id)
        select e.account_id, e.access_token_id, e.version_no, e.valid_from_at, coalesce(e.gone_at, e.next_from_at), e.status,
               e.token_name, e.description, e.ttl_days, e.max_use_count, e.created_at, e.expires_at, e.extra, e.change_kind,
               e.changed_columns, case when e.gone_at is null then 'superseded' else 'deleted' end, e.scan_id,
               e.closed_scan_id
        from ended e
        where e.deleted_at is null -- a tombstone that reappears ended when it was deleted
    )
    insert into inventory.daily_changes as kept (account_id, source, change_date, status, change_count)
    select e.account_id, 'access-tokens', (c.changed_at at time zone 'UTC')::date as changed_on, c.status, sum(c.change)
    from ended e
    cross join lateral (
        values
            (coalesce(e.gone_at, e.next_from_at), e.status, -1, e.deleted_at is null),
            (e.next_from_at, e.next_status, 1, e.gone_at is null)
    ) as c (changed_at, status, change, is_live)
    where (e.status, e.deleted_at is null) is distinct from (e.next_status, e.gone_at is null)
      and c.is_live
    group by 1, 3, 4
    order by 1, 3, 4 -- so that two writers do not deadlock
    on conflict (account_id, source, change_date, status_hash)
        do update set change_count = kept.change_count + excluded.change_count;
    return null;
end $$;
comment on function inventory.keep_access_token_history is 'Trigger: copies every version that ends to access_token_history, and counts the codes that left a status and those that entered one, by day.';

-- As before, but for the redaction.
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
    with ended as materialized (
        select o.*, n.status as next_status, n.valid_from_at as next_from_at, n.deleted_at as gone_at,
               coalesce(n.deleted_scan_id, n.scan_id) as closed_scan_id
        from old_rows o
        join new_rows n using (account_id, device_key)
        where n.version_no <> o.version_no or n.deleted_at is not null
    ), history as (
        insert into inventory.mfa_device_history (
            account_id, device_key, version_no, valid_from_at, valid_to_at, status, user_key, activated_at, extra,
            change_kind, changed_columns, close_reason, scan_id, closed_scan_id)
        select e.account_id, e.device_key, e.version_no, e.valid_from_at, coalesce(e.gone_at, e.next_from_at), e.status,
               e.user_key, e.activated_at, e.extra, e.change_kind, e.changed_columns,
               case when e.gone_at is null then 'superseded' else 'deleted' end, e.scan_id, e.closed_scan_id
        from ended e
        where e.deleted_at is null
    )
    insert into inventory.daily_changes as kept (account_id, source, change_date, status, change_count)
    select e.account_id, 'mfa-devices', (c.changed_at at time zone 'UTC')::date as changed_on, c.status, sum(c.change)
    from ended e
    cross join lateral (
        values
            (coalesce(e.gone_at, e.next_from_at), e.status, -1, e.deleted_at is null),
            (e.next_from_at, e.next_status, 1, e.gone_at is null)
    ) as c (changed_at, status, change, is_live)
    where (e.status, e.deleted_at is null) is distinct from (e.next_status, e.gone_at is null)
      and c.is_live
    group by 1, 3, 4
    order by 1, 3, 4
    on conflict (account_id, source, change_date, status_hash)
        do update set change_count = kept.change_count + excluded.change_count;
    return null;
end $$;
comment on function inventory.keep_mfa_device_history is 'Trigger: copies every version that ends to mfa_device_history, and counts the devices that left a status and those that entered one, by day; of an erasure it lets the redaction pass alone.';
