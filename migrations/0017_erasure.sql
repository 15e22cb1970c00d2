-- Erasure of one person: the names go, the numbers stay.
--
-- What stands for an id, a name or a serial afterwards is `erased:` and its HMAC-SHA-256 under a random key of the
-- account: the same person is known again, and nobody is told who it is.

create table inventory.erasure_keys (
    account_id text  not null,
    key        bytea not null,
    constraint erasure_keys_pkey primary key (account_id),
    constraint erasure_keys_key_is_long check (length(key) = 32)
);
comment on table inventory.erasure_keys is 'What erased ids are hashed with, one random key an account; made by its first erasure.';
comment on column inventory.erasure_keys.account_id is 'The account.';
comment on column inventory.erasure_keys.key is 'The key of HMAC-SHA-256.';

create table inventory.erasures (
    account_id               text        not null,
    erasure_id               bigint      generated always as identity,
    user_key                 bigint      not null,
    reason                   text        not null,
    erased_by                text        not null,
    erased_at                timestamptz,
    device_count             bigint      not null default 0,
    version_count            bigint      not null default 0,
    anomaly_count            bigint      not null default 0,
    rejected_count           bigint      not null default 0,
    user_principal_name_hash text,
    display_name_hash        text,
    transaction_id           xid8        not null default pg_current_xact_id(),
    constraint erasures_pkey primary key (account_id, erasure_id)
);
comment on table inventory.erasures is 'One row per person who was erased, without what was erased. An erasure changes rows in the transaction that writes its row, or not at all.';
comment on column inventory.erasures.account_id is 'The account.';
comment on column inventory.erasures.erasure_id is 'Identifies the erasure.';
comment on column inventory.erasures.user_key is 'Who was erased, by number.';
comment on column inventory.erasures.reason is 'Why.';
comment on column inventory.erasures.erased_by is 'Who said so.';
comment on column inventory.erasures.erased_at is 'When; null only inside its own transaction.';
comment on column inventory.erasures.device_count is 'Devices whose serial or extra fields were erased.';
comment on column inventory.erasures.version_count is 'Closed versions whose extra fields were erased.';
comment on column inventory.erasures.anomaly_count is 'Anomalies whose detail was erased.';
comment on column inventory.erasures.rejected_count is 'Rejected items whose original was erased.';
comment on column inventory.erasures.user_principal_name_hash is 'What stands for the UserPrincipalName, should it come back; null where none was kept.';
comment on column inventory.erasures.display_name_hash is 'What stands for the DisplayName, should it come back; null where none was kept.';
comment on column inventory.erasures.transaction_id is 'The transaction of the erasure: the guards let redactions pass in it alone.';

create index mfa_devices_erased on inventory.mfa_devices (account_id) where serial_number like 'erased:%';

alter table inventory.mfa_users add constraint mfa_users_erased_has_no_name check (
    user_id !~ '^erased:[0-9a-f]{64}$' or (user_principal_name is null and display_name is null));

create function inventory.hmac_sha256(key bytea, message bytea) returns bytea
    language sql immutable
return (
    select sha256(string_agg(decode(lpad(to_hex(byte # 92), 2, '0'), 'hex'), '' order by i)
               || sha256(string_agg(decode(lpad(to_hex(byte # 54), 2, '0'), 'hex'), '' order by i) || message))
    from (select i, case when i < length(key) then get_byte(key, i) else 0 end as byte from generate_series(0, 63) i) padded
);
comment on function inventory.hmac_sha256 is 'HMAC-SHA-256 (RFC 2104) with a key of at most 64 bytes.';

create function inventory.pseudonym(account text, plain text) returns text
    language sql stable
return (
    select 'erased:' || encode(inventory.hmac_sha256(k.key, convert_to(plain, 'UTF8')), 'hex')
    from inventory.erasure_keys k
    where k.account_id = account
);
comment on function inventory.pseudonym is 'What stands for an id, a name or a serial that was erased; null where nobody was erased in the account yet.';

create function inventory.mentions(haystack text, needles text[]) returns boolean
    language sql immutable
return exists (
    select
    from unnest(needles) as n (needle)
    where needle <> ''
      and haystack ~ (
          case when needle ~ '^[A-Za-z0-9]' then '(?<![A-Za-z0-9])' else '' end
          || regexp_replace(needle, '([^[:alnum:]])', '\\\1', 'g')
          || case when needle ~ '[A-Za-z0-9]$' then '(?![A-Za-z0-9])' else '' end)
);
comment on function inventory.mentions is 'Whether a text holds one of the needles, and not as a part of a longer word.';

create function inventory.readable(original text) returns text
    language plpgsql immutable as $$
begin
    return original::jsonb::text;
exception when others then
    -- Cut off, or with U+0000: what is written in escapes cannot be searched.
    return case when original not like '%\\u%' then original end;
end $$;
comment on function inventory.readable is 'A JSON text without escaped letters, or the text itself where it cannot be read; null where it cannot be searched.';

create function inventory.is_erasing() returns boolean
    language sql stable
return exists (
    select from inventory.erasures e
    where e.transaction_id = pg_current_xact_id_if_assigned()
      and e.erased_at is null -- a restored log may hold the number of a later transaction
);
comment on function inventory.is_erasing is 'Whether this transaction is that of a logged erasure.';

-- Guards: a redaction passes in its erasure alone, changes nothing else, and leaves nothing to read.

create function inventory.guard_redaction() returns trigger
    language plpgsql as $$
-- Arguments: the column that is erased, then others that may change with it.
begin
    if not exists (
        select from inventory.erasures e
        where e.account_id = old.account_id
          and e.transaction_id = pg_current_xact_id_if_assigned()
          and e.erased_at is null
    )
    or to_jsonb(new) - tg_argv is distinct from to_jsonb(old) - tg_argv
    or to_jsonb(new) ->> tg_argv[0] !~ '^(\{\}|\[erased\]|erased:[0-9a-f]{64})$' then
        raise exception 'update of inventory.% is refused: only `stocktake erase` changes it, and only to nothing', tg_table_name
            using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
comment on function inventory.guard_redaction is 'Trigger: lets an update pass only in a logged erasure of the account, and only to nothing.';

do $$
declare
    guarded record;
begin
    for guarded in
        select * from (values
            ('mfa_device_history', 'history is append-only', '''extra'''),
            ('anomalies', 'what was odd stays recorded', '''detail'''),
            ('rejected_items', 'what was sent stays recorded', '''original'', ''original_hash''')
        ) as t (table_name, rule, erasable)
    loop
        execute format('drop trigger no_update on inventory.%I', guarded.table_name);
        execute format(
            'create trigger no_update before update on inventory.%I
                 for each statement when (not inventory.is_erasing())
                 execute function inventory.refuse(%L)', guarded.table_name, guarded.rule);
        execute format(
            'create trigger redaction_only before update on inventory.%I
                 for each row execute function inventory.guard_redaction(%s)', guarded.table_name, guarded.erasable);
    end loop;
end $$;

create trigger redaction_only before update on inventory.mfa_users
    for each row when (
        (new.account_id, new.user_key, new.user_id, new.first_seen_at)
        is distinct from (old.account_id, old.user_key, old.user_id, old.first_seen_at)
    )
    execute function inventory.guard_redaction('user_id', 'user_principal_name', 'display_name');

create trigger closed_once before update on inventory.erasures
    for each row when (old.erased_at is not null)
    execute function inventory.refuse('an erasure that was made is not rewritten');
create trigger no_delete before delete or truncate on inventory.erasures
    for each statement execute function inventory.refuse('the ledger is append-only');
create trigger no_change before update or delete or truncate on inventory.erasure_keys
    for each statement execute function inventory.refuse('without its key nobody is known again');

-- As in 0004, but for the redaction.
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

-- Whatever writes users and devices, a release that knows no erasure included: who was erased does not come back.
create function inventory.refuse_erased() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    is_known boolean;
begin
    if not exists (select from inventory.erasure_keys) then
        return null;
    end if;
    if tg_table_name = 'mfa_users' then
        is_known := exists (
            select from new_rows n
            join inventory.mfa_users u
              on u.account_id = n.account_id and md5(u.user_id) = md5(inventory.pseudonym(n.account_id, n.user_id)));
    else
        is_known := exists (
            select from new_rows n
            join inventory.mfa_devices d
              on d.account_id = n.account_id
             and md5(d.serial_number) = md5(inventory.pseudonym(n.account_id, n.serial_number)));
    end if;
    if is_known then
        raise exception 'insert into inventory.% is refused: it was erased and is not written again', tg_table_name
            using errcode = 'restrict_violation';
    end if;
    return null;
end $$;
comment on function inventory.refuse_erased is 'Trigger: refuses the id of a user or the serial of a device that was erased.';

create trigger not_erased after insert on inventory.mfa_users
    referencing new table as new_rows
    for each statement execute function inventory.refuse_erased();
create trigger not_erased after insert on inventory.mfa_devices
    referencing new table as new_rows
    for each statement execute function inventory.refuse_erased();

-- The erasure itself. Both functions run with the rights of the tables' owner: whoever may call them needs no other.

create function inventory.users_called(account text, wanted text) returns table (user_key bigint, is_erased boolean)
    language sql stable security definer set search_path = pg_catalog, pg_temp
begin atomic
    select u.user_key, u.user_id like 'erased:%'
    from inventory.mfa_users u
    where u.account_id = account
      and (u.user_key::text = wanted
           or wanted in (u.user_id, u.user_principal_name)
           or u.user_id = inventory.pseudonym(account, wanted)
           or exists (
               select from inventory.erasures e
               where e.account_id = u.account_id
                 and e.user_key = u.user_key
                 and e.user_principal_name_hash = inventory.pseudonym(account, wanted)))
    order by u.user_key;
end;
comment on function inventory.users_called is 'The users of an account whose user_key, UserId or UserPrincipalName is this, erased ones included.';

create function inventory.erase_user(account text, person_key bigint, why text, by_whom text, at_instant timestamptz)
    returns setof inventory.erasures
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    person      inventory.mfa_users;
    erasure     inventory.erasures;
    devices     bigint[];
    identifiers text[];
    held        bigint;
begin
    -- No scan of the devices is under way while a name goes: it would bring the name back.
    perform pg_advisory_xact_lock(hashtextextended('stocktake/' || account || '/mfa-devices', 0));
    select * into person from inventory.mfa_users u where u.account_id = account and u.user_key = person_key for update;
    if not found then
        raise exception 'account % has no user_key %', account, person_key using errcode = 'no_data_found';
    end if;
    if person.user_id like 'erased:%' then
        return;
    end if;

    devices := array(
        select d.device_key from inventory.mfa_devices d where d.account_id = account and d.user_key = person_key
        union
        select h.device_key from inventory.mfa_device_history h where h.account_id = account and h.user_key = person_key
        union
        select t.device_key from inventory.mfa_device_transitions t
        where t.account_id = account and person_key in (t.from_user_key, t.to_user_key)
    );
    -- Whoever places a hold now waits.
    lock table inventory.legal_holds in share mode;
    select min(h.hold_id) into held from inventory.legal_holds h
    where h.account_id = account
      and h.released_at is null
      and (h.dataset = 'mfa-devices' or h.dataset is null)
      and (h.object_id = any(devices::text[]) or h.object_id is null);
    if held is not null then
        raise exception 'legal hold % keeps what is to be erased; nothing was changed', held using errcode = 'restrict_violation';
    end if;
    identifiers := array_remove(array[person.user_id, person.user_principal_name], null) || array(
        select d.serial_number from inventory.mfa_devices d
        where d.account_id = account and d.device_key = any(devices) and d.serial_number not like 'erased:%'
    );
    if inventory.mentions(why || ' ' || by_whom, identifiers || person.display_name) then
        raise exception 'the reason names whom it is about, and would be kept; nothing was changed' using errcode = 'restrict_violation';
    end if;

    insert into inventory.erasure_keys (account_id, key)
    values (account, sha256(uuid_send(gen_random_uuid()) || uuid_send(gen_random_uuid())))
    on conflict do nothing;
    -- The guards let the redaction pass only in the transaction of this row.
    insert into inventory.erasures (
        account_id, user_key, reason, erased_by, user_principal_name_hash, display_name_hash)
    values (
        account, person_key, why, by_whom,
        inventory.pseudonym(account, person.user_principal_name), inventory.pseudonym(account, person.display_name))
    returning * into erasure;

    update inventory.mfa_device_history h
    set extra = '{}'
    where h.account_id = account
      and h.extra <> '{}'
      and (h.device_key = any(devices) or inventory.mentions(h.extra::text, identifiers));
    get diagnostics erasure.version_count = row_count;
    update inventory.mfa_devices d
    set serial_number = case when d.device_key = any(devices) and d.serial_number not like 'erased:%'
                             then inventory.pseudonym(account, d.serial_number) else d.serial_number end,
        extra         = '{}',
        digest        = 0 -- it was made of what goes; the next scan makes it anew
    where d.account_id = account
      and (d.device_key = any(devices) or (d.extra <> '{}' and inventory.mentions(d.extra::text, identifiers)));
    get diagnostics erasure.device_count = row_count;
    update inventory.anomalies a
    set detail = '[erased]'
    where a.account_id = account
      and (
          (a.source = 'mfa-devices' and a.object_id = any(devices::text[])
           and (a.kind in ('unreadable_field', 'nul_character') or inventory.mentions(a.detail, array[person.display_name])))
          or inventory.mentions(a.detail, identifiers)
      );
    get diagnostics erasure.anomaly_count = row_count;
    update inventory.rejected_items r
    set original      = '[erased]',
        original_hash = inventory.pseudonym(account, r.original)
    where r.account_id = account
      and r.original <> '[erased]'
      and coalesce(
              inventory.mentions(r.original || ' ' || inventory.readable(r.original), identifiers || person.display_name), true);
    get diagnostics erasure.rejected_count = row_count;
    update inventory.mfa_users u
    set user_id             = inventory.pseudonym(account, u.user_id),
        user_principal_name = null,
        display_name        = null
    where u.account_id = account and u.user_key = person_key;

    -- The planner's statistics hold the most common values of columns.
    analyze
        inventory.mfa_users (user_id, user_principal_name, display_name),
        inventory.mfa_devices (serial_number, extra),
        inventory.mfa_device_history (extra),
        inventory.anomalies (detail),
        inventory.rejected_items (original, original_hash);

    update inventory.erasures e
    set erased_at      = at_instant,
        device_count   = erasure.device_count,
        version_count  = erasure.version_count,
        anomaly_count  = erasure.anomaly_count,
        rejected_count = erasure.rejected_count
    where e.account_id = account and e.erasure_id = erasure.erasure_id
    returning * into erasure;
    return next erasure;
end $$;
comment on function inventory.erase_user is 'Erases what names a user, in every table, and logs it; no row where that was done before.';

revoke all on function
    inventory.hmac_sha256(bytea, bytea), inventory.pseudonym(text, text), inventory.mentions(text, text[]),
    inventory.readable(text), inventory.is_erasing(), inventory.guard_redaction(), inventory.refuse_erased(),
    inventory.users_called(text, text), inventory.erase_user(text, bigint, text, text, timestamptz)
    from public;
