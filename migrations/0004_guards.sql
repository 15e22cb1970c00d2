-- The guards: what no SQL may do, the worker's own included. They check the
-- rule, not the caller, so they hold for the owner of the tables too.

-- Legal holds and the retention log come first: the guards consult them.

create table inventory.legal_holds (
    account_id  text        not null,
    hold_id     bigint      generated always as identity,
    dataset     text,
    object_id   text,
    reason      text        not null,
    placed_by   text        not null,
    placed_at   timestamptz not null,
    released_by text,
    released_at timestamptz,
    constraint legal_holds_pkey primary key (account_id, hold_id),
    constraint legal_holds_dataset_known check (dataset in ('access-tokens', 'mfa-devices')),
    constraint legal_holds_object_has_dataset check (object_id is null or dataset is not null),
    constraint legal_holds_release_says_who check ((released_at is null) = (released_by is null))
);
comment on table inventory.legal_holds is 'What may not be purged, by account, dataset or object, until it is released.';
comment on column inventory.legal_holds.account_id is 'The account.';
comment on column inventory.legal_holds.hold_id is 'Identifies the hold.';
comment on column inventory.legal_holds.dataset is 'The listing that is held: access-tokens or mfa-devices; null for the whole account.';
comment on column inventory.legal_holds.object_id is 'The access_token_id or device_key that is held; null for the whole dataset.';
comment on column inventory.legal_holds.reason is 'Why.';
comment on column inventory.legal_holds.placed_by is 'Who placed it.';
comment on column inventory.legal_holds.placed_at is 'When.';
comment on column inventory.legal_holds.released_by is 'Who released it; null while it holds.';
comment on column inventory.legal_holds.released_at is 'When; null while it holds.';

create table inventory.retention_log (
    account_id     text        not null,
    purge_id       bigint      generated always as identity,
    dataset        text        not null,
    cutoff_at      timestamptz not null,
    is_dry_run     boolean     not null,
    matched_count  bigint      not null default 0,
    held_count     bigint      not null default 0,
    deleted_count  bigint      not null default 0,
    started_at     timestamptz not null,
    finished_at    timestamptz,
    transaction_id xid8        not null default pg_current_xact_id(),
    constraint retention_log_pkey primary key (account_id, purge_id),
    constraint retention_log_dataset_known check (dataset in (
        'access_token_history', 'access_token_transitions', 'access_token_usage',
        'mfa_device_history', 'mfa_device_transitions'
    ))
);
comment on table inventory.retention_log is 'One row per purge of one dataset of one account. A purge deletes in the transaction that writes its row, or not at all.';
comment on column inventory.retention_log.account_id is 'The account.';
comment on column inventory.retention_log.purge_id is 'Identifies the purge.';
comment on column inventory.retention_log.dataset is 'The table that was purged.';
comment on column inventory.retention_log.cutoff_at is 'Rows that ended before this instant may go.';
comment on column inventory.retention_log.is_dry_run is 'True where nothing was deleted on purpose.';
comment on column inventory.retention_log.matched_count is 'Rows that ended before the cutoff.';
comment on column inventory.retention_log.held_count is 'Those of them that a legal hold keeps.';
comment on column inventory.retention_log.deleted_count is 'Rows that were deleted.';
comment on column inventory.retention_log.started_at is 'When the purge began.';
comment on column inventory.retention_log.finished_at is 'When it ended.';
comment on column inventory.retention_log.transaction_id is 'The transaction of the purge: the guards let deletes pass in it alone.';

create function inventory.is_held(account text, source text, object text) returns boolean
    language sql stable
return exists (
    select from inventory.legal_holds h
    where h.account_id = account
      and h.released_at is null
      and (h.dataset is null or h.dataset = source)
      and (h.object_id is null or h.object_id = object)
);
comment on function inventory.is_held is 'Whether a legal hold keeps the history of an object.';

create function inventory.refuse() returns trigger
    language plpgsql as $$
begin
    raise exception '% of %.% is refused: %', lower(tg_op), tg_table_schema, tg_table_name, tg_argv[0]
        using errcode = 'restrict_violation';
end $$;
comment on function inventory.refuse is 'Trigger: refuses the statement and says why.';

-- Append-only tables: no update, no truncate; a delete only of old, unheld rows by a logged purge.

create function inventory.guard_purge() returns trigger
    language plpgsql as $$
-- Arguments: the source, the column of the object's id, the column of the instant at which the row ended.
declare
    entry     jsonb := to_jsonb(old);
    object_id text := entry ->> tg_argv[1];
    ended_at  timestamptz := (entry ->> tg_argv[2])::timestamptz;
begin
    if not exists (
        select from inventory.retention_log p
        where p.account_id = old.account_id
          and p.dataset = tg_table_name
          and not p.is_dry_run
          and p.transaction_id = pg_current_xact_id_if_assigned()
          and p.finished_at is null -- a restored log may hold the number of a later transaction
          and ended_at < p.cutoff_at
    ) then
        raise exception 'delete of inventory.% is refused: history is append-only; use `stocktake retention`', tg_table_name
            using errcode = 'restrict_violation';
    end if;
    if inventory.is_held(old.account_id, tg_argv[0], object_id) then
        raise exception 'delete of inventory.% is refused: % is under a legal hold', tg_table_name, object_id
            using errcode = 'restrict_violation';
    end if;
    return old;
end $$;
comment on function inventory.guard_purge is 'Trigger: lets a delete pass only in a logged purge, of rows that ended before its cutoff and that no legal hold keeps.';

do $$
declare
    guarded record;
begin
    for guarded in
        select * from (values
            ('access_token_history', 'access-tokens', 'access_token_id', 'valid_to_at'),
            ('access_token_transitions', 'access-tokens', 'access_token_id', 'not_after_at'),
            ('access_token_usage', 'access-tokens', 'access_token_id', 'seen_at'),
            ('mfa_device_history', 'mfa-devices', 'device_key', 'valid_to_at'),
            ('mfa_device_transitions', 'mfa-devices', 'device_key', 'not_after_at')
        ) as t (table_name, source, object_column, end_column)
    loop
        execute format(
            'create trigger no_update before update on inventory.%I for each statement
                 execute function inventory.refuse(''history is append-only'')', guarded.table_name);
        execute format(
            'create trigger no_truncate before truncate on inventory.%I for each statement
                 execute function inventory.refuse(''history is append-only'')', guarded.table_name);
        execute format(
            'create trigger purge_only before delete on inventory.%I for each row
                 execute function inventory.guard_purge(%L, %L, %L)',
            guarded.table_name, guarded.source, guarded.object_column, guarded.end_column);
    end loop;
end $$;

-- History is written by the guards of the current rows alone, which run one trigger deep.

create trigger guard_only before insert on inventory.access_token_history
    for each statement when (pg_trigger_depth() = 0)
    execute function inventory.refuse('a version is closed by changing its current row');
create trigger guard_only before insert on inventory.mfa_device_history
    for each statement when (pg_trigger_depth() = 0)
    execute function inventory.refuse('a version is closed by changing its current row');

-- Current rows: a first version is number 1, and a tombstone is written by an update.

create trigger first_version before insert on inventory.access_tokens
    for each row when (new.version_no <> 1 or new.deleted_at is not null)
    execute function inventory.refuse('a new code begins with version 1, live');
create trigger first_version before insert on inventory.mfa_devices
    for each row when (new.version_no <> 1 or new.deleted_at is not null)
    execute function inventory.refuse('a new device begins with version 1, live');

create trigger no_delete before delete on inventory.access_tokens
    for each statement execute function inventory.refuse('a code ends with a tombstone');
create trigger no_delete before delete on inventory.mfa_devices
    for each statement execute function inventory.refuse('a device ends with a tombstone');
create trigger no_truncate before truncate on inventory.access_tokens
    for each statement execute function inventory.refuse('a code ends with a tombstone');
create trigger no_truncate before truncate on inventory.mfa_devices
    for each statement execute function inventory.refuse('a device ends with a tombstone');

-- Updates of current rows, one statement at a time: each row either keeps its
-- version (RegisteredCount and digest may move), opens the next one, or becomes
-- a tombstone; whatever version ends is copied to history here.

create function inventory.keep_access_token_history() returns trigger
    language plpgsql as $$
begin
    if exists (
        select
        from old_rows o
        full join new_rows n using (account_id, access_token_id)
        where (o.version_no is null or n.version_no is null)
           or (n.version_no = o.version_no and (
                  (n.valid_from_at, n.first_seen_at, n.status, n.status_since_at, n.token_name, n.description, n.ttl_days,
                   n.max_use_count, n.created_at, n.extra, n.change_kind, n.changed_columns, n.scan_id)
                  is distinct from
                  (o.valid_from_at, o.first_seen_at, o.status, o.status_since_at, o.token_name, o.description, o.ttl_days,
                   o.max_use_count, o.created_at, o.extra, o.change_kind, o.changed_columns, o.scan_id)
                  or (o.deleted_at is not null and n is distinct from o)))
           or (n.version_no <> o.version_no and (
                  n.version_no <> o.version_no + 1
                  or n.valid_from_at <= o.valid_from_at
                  or n.valid_from_at < o.deleted_at
                  or n.first_seen_at <> o.first_seen_at
                  or n.deleted_at is not null))
    ) then
        raise exception 'update of inventory.access_tokens is refused: a version is never rewritten; open the next one, later, with the number after it'
            using errcode = 'restrict_violation';
    end if;
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
comment on function inventory.keep_access_token_history is 'Trigger: refuses rewriting, and copies every version that ends to access_token_history.';

create trigger keep_history after update on inventory.access_tokens
    referencing old table as old_rows new table as new_rows
    for each statement execute function inventory.keep_access_token_history();

create function inventory.keep_mfa_device_history() returns trigger
    language plpgsql as $$
begin
    if exists (
        select
        from old_rows o
        full join new_rows n using (account_id, device_key)
        where (o.version_no is null or n.version_no is null)
           or n.serial_number <> o.serial_number
           or (n.version_no = o.version_no and (
                  (n.valid_from_at, n.first_seen_at, n.status, n.status_since_at, n.user_key, n.activated_at, n.extra,
                   n.change_kind, n.changed_columns, n.scan_id)
                  is distinct from
                  (o.valid_from_at, o.first_seen_at, o.status, o.status_since_at, o.user_key, o.activated_at, o.extra,
                   o.change_kind, o.changed_columns, o.scan_id)
                  or (o.deleted_at is not null and n is distinct from o)))
           or (n.version_no <> o.version_no and (
                  n.version_no <> o.version_no + 1
                  or n.valid_from_at <= o.valid_from_at
                  or n.valid_from_at < o.deleted_at
                  or n.first_seen_at <> o.first_seen_at
                  or n.deleted_at is not null))
    ) then
        raise exception 'update of inventory.mfa_devices is refused: a version is never rewritten; open the next one, later, with the number after it'
            using errcode = 'restrict_violation';
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
comment on function inventory.keep_mfa_device_history is 'Trigger: refuses rewriting, and copies every version that ends to mfa_device_history.';

create trigger keep_history after update on inventory.mfa_devices
    referencing old table as old_rows new table as new_rows
    for each statement execute function inventory.keep_mfa_device_history();
