-- `held_deletes`: targets whose newest proven scan was held. No parameters.
select
    s.account_id as "account_id!",
    coalesce(s.account_name, s.account_id) as "account_name!",
    s.source as "source!",
    s.scan_id as "scan_id!",
    s.finished_at as "finished_at!",
    s.held_count as "held_count!",
    s.error_message as "message!"
from reporting.freshness t
-- A failed or incomplete scan since then proved nothing, so the deletes still wait.
cross join lateral (
    select * from reporting.scans s
    where s.account_id = t.account_id
      and s.source = t.source
      and s.outcome in ('complete', 'held')
    order by s.scan_id desc
    limit 1
) s
where s.outcome = 'held'
order by 2, s.account_id, s.source
