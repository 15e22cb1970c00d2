-- `close_scan`: the end of a scan, with its evidence. $1 account, $2 scan, then the columns in their order.
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
