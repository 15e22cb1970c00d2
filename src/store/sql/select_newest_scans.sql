-- `select_newest_scans`: the newest of every target, then of those. $1 how many.
-- Target by target, so that the ledger's index is used however long the ledger is.
select
    s.account_id as "account_id!",
    coalesce(s.account_name, '') as "account_name!",
    s.scan_id as "scan_id!",
    s.source as "source!",
    s.outcome as "outcome!",
    s.started_at as "started_at!",
    s.finished_at,
    s.distinct_count as "distinct_count!",
    s.new_count as "new_count!",
    s.changed_count as "changed_count!",
    s.deleted_count as "deleted_count!",
    s.transition_count as "transition_count!",
    s.held_count as "held_count!",
    s.anomaly_count as "anomaly_count!",
    s.error_code,
    s.error_message
from reporting.freshness f
cross join lateral (
    select *
    from reporting.scans
    where account_id = f.account_id and source = f.source
    order by scan_id desc
    limit $1
) s
order by s.started_at desc, s.scan_id desc
limit $1
