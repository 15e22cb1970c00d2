-- `open_scan`: one statement, for a scan of a small target costs little else: makes account and target known, with label
-- and schedule as configured, closes what a killed worker left open, opens the scan, and tells what was known before.
-- `on conflict do update` by itself would lock a row even where nothing changes, and others wait for it.
-- $1 account, $2 its label, $3 now, $4 source, $5 stale after seconds, $6 partial, $7 approved deletes, $8 version.
with account as (
    insert into inventory.accounts (account_id, account_name, first_seen_at)
    values ($1, $2, $3)
    on conflict do nothing
), renamed as (
    update inventory.accounts
    set account_name = $2
    where account_id = $1 and account_name <> $2
), target as (
    insert into inventory.targets (account_id, source, is_scheduled, stale_after_seconds)
    select $1, $4, $5::bigint is not null, $5
    where not exists (
        select from inventory.targets
        where account_id = $1
          and source = $4
          and (is_scheduled, stale_after_seconds) is not distinct from ($5 is not null, $5)
    )
    on conflict (account_id, source) do update
    set is_scheduled = excluded.is_scheduled, stale_after_seconds = excluded.stale_after_seconds
), abandoned as (
    -- The target's lock proves that nobody is at it. Whoever takes the lock does this, so only the newest can be open.
    update inventory.scans
    set outcome       = 'abandoned',
        finished_at   = $3,
        error_code    = 'worker_died',
        error_message = 'the worker ended before the scan did; nothing to mend, this scan replaces it'
    where account_id = $1
      and scan_id = (
          select scan_id from inventory.scans where account_id = $1 and source = $4 order by scan_id desc limit 1
      )
      and outcome = 'running'
), opened as (
    insert into inventory.scans (
        account_id, source, is_partial, outcome, started_at, approved_delete_count, worker_version)
    values ($1, $4, $6, 'running', $3, $7, $8)
    returning scan_id
)
select
    o.scan_id as "scan_id!",
    t.applied_scan_id,
    t.applied_until_at,
    t.baseline_scan_id,
    t.complete_started_at,
    k.key as "erasure_key?"
from opened o
left join inventory.targets t on t.account_id = $1 and t.source = $4
left join inventory.erasure_keys k on k.account_id = $1 and $4 = 'mfa-devices'
