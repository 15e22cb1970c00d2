-- `recent_scans`: the newest scans of all targets. $1 how many.
select
    s.scan_id as "scan_id!",
    s.account_id as "account_id!",
    coalesce(s.account_name, s.account_id) as "account_name!",
    s.source as "source!",
    s.outcome as "outcome!",
    s.started_at as "started_at!",
    s.finished_at,
    s.distinct_count as "distinct_count!",
    s.new_count as "new_count!",
    s.changed_count as "changed_count!",
    s.transition_count as "transition_count!",
    s.deleted_count as "deleted_count!",
    s.held_count as "held_count!",
    s.anomaly_count as "anomaly_count!",
    s.error_code,
    s.error_message
from reporting.freshness t
-- A target at a time, by the index: the ledger only grows.
cross join lateral (
    select * from reporting.scans s
    where s.account_id = t.account_id
      and s.source = t.source
    order by s.scan_id desc
    limit $1
) s
order by s.scan_id desc
limit $1
