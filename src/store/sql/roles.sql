-- `create_roles`: the group roles that read the views. No parameters.
--
-- Not a migration: roles belong to the whole server, and a server may refuse them.
-- Runs after every migration, any number of times, as one transaction, and takes
-- roles that exist as they are. insufficient_privilege passes to the caller, who
-- goes on without: the views are there, and an administrator can run this file.

-- The roles. Two databases of one server may be migrated at once, so that a role can
-- appear between the look and the deed.
do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'stocktake_reader') then
        create role stocktake_reader nologin;
        comment on role stocktake_reader is 'Reads the Stocktake views that name nobody. Grant it to BI logins and analysts.';
    end if;
exception when duplicate_object or unique_violation then
    null;
end $$;

do $$
begin
    if not exists (select from pg_catalog.pg_roles where rolname = 'stocktake_pii_reader') then
        create role stocktake_pii_reader nologin;
        comment on role stocktake_pii_reader is 'Reads every Stocktake view, those that name people too.';
    end if;
exception when duplicate_object or unique_violation then
    null;
end $$;

-- What they may read now. Both are granted the views themselves: membership of one
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
