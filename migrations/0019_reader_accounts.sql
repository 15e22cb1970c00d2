-- Which accounts a login may read, where it may not read all: row-level security through the views.
--
-- Nothing of it is switched on until the first login is named. Then the views get an owner of their own, and every
-- table a policy for that owner alone; it asks who is logged in, which no `set role` changes.

create table inventory.reader_accounts (
    account_id text not null,
    role_name  text not null,
    constraint reader_accounts_pkey primary key (account_id, role_name)
);
comment on table inventory.reader_accounts is 'Logins that read some accounts only, one row per account that they may read. A login without a row here reads every account.';
comment on column inventory.reader_accounts.account_id is 'An account that the login may read.';
comment on column inventory.reader_accounts.role_name is 'The login, as session_user says it.';

create function inventory.restrict_readers() returns void
    language plpgsql set search_path = pg_catalog, pg_temp as $$
declare
    relation regclass;
begin
    if not exists (select from inventory.reader_accounts) then
        return;
    end if;
    if to_regrole('stocktake_views') is null then
        raise exception 'no login can be restricted to accounts: there is no role stocktake_views; run `stocktake migrate` as a role with CREATEROLE, or have an administrator run src/store/sql/roles.sql'
            using errcode = 'insufficient_privilege';
    end if;
    grant select on all tables in schema inventory to stocktake_views;
    for relation in
        select c.oid
        from pg_class c
        join pg_attribute a on a.attrelid = c.oid and a.attname = 'account_id'
        where c.relnamespace = 'inventory'::regnamespace
          and c.relkind in ('r', 'p')
          and c.oid <> 'inventory.reader_accounts'::regclass
          and not exists (select from pg_policy p where p.polrelid = c.oid and p.polname = 'reader_accounts')
        order by c.oid
    loop
        -- Whoever else was granted the table goes on as before. A restore may have brought this half alone.
        execute format('drop policy if exists everybody on %s', relation);
        execute format('create policy everybody on %s using (true)', relation);
        execute format($policy$
            create policy reader_accounts on %s as restrictive for select to stocktake_views
            using (coalesce(
                account_id = any ((
                    select array_agg(r.account_id) from inventory.reader_accounts r where r.role_name = session_user
                )::text[]),
                true))
        $policy$, relation);
        execute format('alter table %s enable row level security', relation);
    end loop;
    -- An owner needs this right when it becomes one, and no longer.
    grant create on schema inventory, reporting, reporting_pii to stocktake_views;
    for relation in
        select c.oid
        from pg_class c
        where c.relnamespace in ('inventory'::regnamespace, 'reporting'::regnamespace, 'reporting_pii'::regnamespace)
          and c.relkind = 'v'
          and c.relowner <> 'stocktake_views'::regrole
        order by c.oid
    loop
        execute format('alter view %s owner to stocktake_views', relation);
    end loop;
    revoke create on schema inventory, reporting, reporting_pii from stocktake_views;
    -- A view that comes later is readable once it is restricted, too, which `migrate` sees to.
    alter default privileges in schema reporting revoke select on tables from stocktake_reader, stocktake_pii_reader;
    alter default privileges in schema reporting_pii revoke select on tables from stocktake_pii_reader;
end $$;
comment on function inventory.restrict_readers is 'Switches row-level security on for what is not restricted yet, if any login is; for the owner of the schemas.';

create function inventory.name_reader() returns trigger
    language plpgsql set search_path = pg_catalog, pg_temp as $$
begin
    if not exists (select from pg_roles r where r.rolname = new.role_name and r.rolcanlogin) then
        raise exception '"%" is no login of this server; name the login itself, in its own spelling, not a group that it is in', new.role_name
            using errcode = 'undefined_object';
    end if;
    perform inventory.restrict_readers();
    return null;
end $$;
comment on function inventory.name_reader is 'Trigger: a login that is named is there, and restricted from then on.';

-- At the commit, for no table can be altered while a statement reads it.
create constraint trigger named after insert or update on inventory.reader_accounts
    deferrable initially deferred
    for each row execute function inventory.name_reader();

revoke all on table inventory.reader_accounts from public;
revoke all on function inventory.restrict_readers(), inventory.name_reader() from public;
