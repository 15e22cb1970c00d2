-- The guards of the ledger, and who writes history.
--
-- What is recorded about scans, purges and holds is closed once and stays as it
-- was closed. History is written with the rights of the tables' owner, so that
-- the role that writes the current rows needs none on history at all.

create trigger closed_once before update on inventory.scans
    for each row when (old.outcome <> 'running')
    execute function inventory.refuse('a scan that has ended is not rewritten');
create trigger closed_once before update on inventory.retention_log
    for each row when (old.finished_at is not null)
    execute function inventory.refuse('a purge that has ended is not rewritten');
create trigger released_once before update on inventory.legal_holds
    for each row when (
        old.released_at is not null
        or (new.account_id, new.hold_id, new.dataset, new.object_id, new.reason, new.placed_by, new.placed_at)
           is distinct from
           (old.account_id, old.hold_id, old.dataset, old.object_id, old.reason, old.placed_by, old.placed_at)
    )
    execute function inventory.refuse('a hold is released once, and not changed otherwise');

create trigger no_update before update on inventory.anomalies
    for each statement execute function inventory.refuse('what was odd stays recorded');
create trigger no_update before update on inventory.rejected_items
    for each statement execute function inventory.refuse('what was sent stays recorded');

do $$
declare
    kept text;
begin
    foreach kept in array array['scans', 'retention_log', 'legal_holds', 'anomalies', 'rejected_items'] loop
        execute format(
            'create trigger no_delete before delete on inventory.%I for each statement
                 execute function inventory.refuse(''the ledger is append-only'')', kept);
        execute format(
            'create trigger no_truncate before truncate on inventory.%I for each statement
                 execute function inventory.refuse(''the ledger is append-only'')', kept);
    end loop;
end $$;

-- They name every table with its schema, and read the rows of their own statement.
alter function inventory.keep_access_token_history() security definer set search_path = pg_catalog, pg_temp;
alter function inventory.keep_mfa_device_history() security definer set search_path = pg_catalog, pg_temp;
