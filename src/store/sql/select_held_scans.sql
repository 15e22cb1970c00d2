-- `select_held_scans`: targets whose newest proven scan was held. A scan that failed after it has
-- neither deleted nor disproved anything, so it does not end the wait.
select
    f.account_id as "account_id!",
    coalesce(f.account_name, '') as "account_name!",
    f.source as "source!",
    s.scan_id as "scan_id!",
    s.started_at as "started_at!",
    s.held_count as "held_count!",
    coalesce(s.error_message, '') as "error_message!"
from reporting.freshness f
cross join lateral (
    select scan_id, outcome, started_at, held_count, error_message
    from reporting.scans
    where account_id = f.account_id and source = f.source and outcome in ('complete', 'held')
    order by scan_id desc
    limit 1
) s
where s.outcome = 'held'
order by f.account_name, f.account_id, f.source
