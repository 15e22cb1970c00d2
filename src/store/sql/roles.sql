-- `create_roles`: the group roles that read the views and do the program's work. No parameters.
--
-- Not a migration: roles belong to the whole server, and a server may refuse them.
-- Runs after every migration, any number of times, as one transaction, and takes
-- roles that exist as they are. insufficient_privilege passes to the caller, who
-- goes on without: the views are there, and an administrator can run this file.

-- The roles. Two databases of one server may be migrated at once, so that a role can
-- appear between the look and the deed.
do $$
declare
    wanted record;
begin
    for wanted in
        select * from (values
            ('stocktake_reader', 'Reads the Stocktake views that name nobody. Grant it to BI logins and analysts.'),
            ('stocktake_pii_reader', 'Reads every Stocktake view, those that name people too.'),
            ('stocktake_worker', 'Does the work of Stocktake: writes what it sees, and can neither rewrite nor delete history.'),
            ('stocktake_views', 'Owns the Stocktake views where logins read some accounts only. No login needs it but the one that migrates.'),
            ('stocktake_retention', 'Purges Stocktake''s closed history by policy, through functions, and places and releases legal holds.')
        ) as t (name, comment)
        where not exists (select from pg_catalog.pg_roles where rolname = t.name)
    loop
        begin
            execute format('create role %I nologin', wanted.name);
            execute format('comment on role %I is %L', wanted.name, wanted.comment);
        exception when duplicate_object or unique_violation then
            null;
        end;
    end loop;
end $$;

-- What readers may read now. Both are granted the views themselves: membership of one
-- in the other would take rights over roles that an administrator may have created.
do $$
begin
    grant usage on schema reporting to stocktake_reader, stocktake_pii_reader;
    grant select on all tables in schema reporting to stocktake_reader, stocktake_pii_reader;
    grant execute on all functions in schema reporting to stocktake_reader, stocktake_pii_reader;
    grant usage on schema reporting_pii to stocktake_pii_reader;
    grant select on all tables in schema reporting_pii to stocktake_pii_reader;
end $$;

-- And what the migrating role adds later.
do $$
begin
    alter default privileges in schema reporting
        grant select on tables to stocktake_reader, stocktake_pii_reader;
    alter default privileges in schema reporting
        grant execute on functions to stocktake_reader, stocktake_pii_reader;
    alter default privileges in schema reporting_pii
        grant select on tables to stocktake_pii_reader;
end $$;

-- A database that was restored without its privileges lets everyone execute every function again.
do $$
begin
    revoke all on schema inventory, reporting, reporting_pii from public;
    revoke all on all functions in schema inventory from public;
end $$;

-- The worker reads everything, and adds. Of what is there it changes current rows, its ledger's
-- open rows and the names of people, each behind its guard; it deletes nothing, and history is
-- written for it by the guards of the current rows.
do $$
begin
    grant usage on schema inventory, reporting, reporting_pii to stocktake_worker;
    grant select on all tables in schema inventory, reporting, reporting_pii to stocktake_worker;
    grant execute on all functions in schema reporting to stocktake_worker;
    grant select on public._sqlx_migrations to stocktake_worker, stocktake_retention;
    grant insert on
        inventory.accounts, inventory.targets, inventory.scans, inventory.anomalies, inventory.rejected_items,
        inventory.access_tokens, inventory.access_token_transitions, inventory.access_token_usage,
        inventory.mfa_users, inventory.mfa_devices, inventory.mfa_device_transitions,
        inventory.organizations, inventory.organization_members, inventory.retention_policies
        to stocktake_worker;
    grant update on
        inventory.accounts, inventory.targets, inventory.scans,
        inventory.access_tokens, inventory.mfa_devices,
        inventory.organizations, inventory.organization_members, inventory.retention_policies
        to stocktake_worker;
    grant update (user_principal_name, display_name) on inventory.mfa_users to stocktake_worker;
end $$;

-- Retention purges through functions that delete by policy, in logged batches, and keeps the holds. It can
-- delete nothing itself; what an earlier version granted is taken back.
do $$
begin
    revoke all on all tables in schema inventory from stocktake_retention;
    revoke all on all functions in schema inventory from stocktake_retention;
    grant usage on schema inventory to stocktake_retention;
    grant execute on function inventory.purge, inventory.close_purges to stocktake_retention;
    grant select, insert, update on inventory.legal_holds to stocktake_retention;
end $$;

-- It erases people too, through functions that do that and no more, and reads what the ledger says of it.
do $$
begin
    grant execute on function inventory.users_called, inventory.erase_user to stocktake_retention;
    grant select on inventory.erasures to stocktake_retention;
end $$;

-- Whoever owns the schemas replaces views, whoever owns those; and what a migration added is restricted like the rest,
-- if any login is. Where that is refused nothing of this file stays, so that nobody reads what is not restricted yet.
do $$
declare
    migrator regrole := (select nspowner from pg_catalog.pg_namespace where nspname = 'reporting');
begin
    if not pg_has_role(migrator, 'stocktake_views', 'usage') then
        begin
            execute format('grant stocktake_views to %s', migrator);
        exception when insufficient_privilege then
            null; -- it matters only where a login is restricted
        end;
    end if;
    perform inventory.restrict_readers();
end $$;

-- The login that migrates works under these two, and so gives up what its ownership would allow. Where it may
-- not grant them, an administrator can: `check` tells.
do $$
begin
    if not pg_has_role(session_user, 'stocktake_worker', 'usage') then
        grant stocktake_worker to session_user;
    end if;
    if not pg_has_role(session_user, 'stocktake_retention', 'usage') then
        grant stocktake_retention to session_user;
    end if;
exception when insufficient_privilege then
    null;
end $$;
