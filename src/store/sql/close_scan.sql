-- `close_scan`: the end of a scan, with its evidence; one that was applied takes its target on, unless another one was
-- applied since it began. Whoever finds the scan ended, or its target taken on, writes nothing at all.
-- $1 account, $2 scan, then the columns in their order, $24 the scan applied before, $25 the last instant that this one saw.
with running as (
    select source, started_at
    from inventory.scans
    where account_id = $1 and scan_id = $2 and outcome = 'running'
    for update
), passed as (
    update inventory.targets t
    set applied_scan_id     = $2,
        applied_until_at    = $25,
        baseline_scan_id    = case when $3 = 'complete' then coalesce(t.baseline_scan_id, $2) else t.baseline_scan_id end,
        complete_scan_id    = case when $3 = 'complete' then $2 else t.complete_scan_id end,
        complete_started_at = case when $3 = 'complete' then r.started_at else t.complete_started_at end
    from running r
    where $5::boolean
      and t.account_id = $1
      and t.source = r.source
      and t.applied_scan_id is not distinct from $24
    returning t.source
), closed as (
    update inventory.scans
    set outcome          = $3,
        finished_at      = $4,
        applied_at       = case when $5 then $4::timestamptz end,
        page_count       = $6,
        item_count       = $7,
        distinct_count   = $8,
        rejected_count   = $9,
        total_first      = $10,
        total_last       = $11,
        attempt_count    = $12,
        new_count        = $13,
        changed_count    = $14,
        unchanged_count  = $15,
        transition_count = $16,
        deleted_count    = $17,
        held_count       = $18,
        anomaly_count    = $19,
        skew_seconds     = $20,
        proof            = $21,
        error_code       = $22,
        error_message    = $23
    where account_id = $1
      and scan_id = $2
      and outcome = 'running'
      and (exists (select from passed) or not $5 and exists (select from running))
    returning scan_id
)
select exists (select from running) as "was_running!", exists (select from closed) as "is_closed!"
