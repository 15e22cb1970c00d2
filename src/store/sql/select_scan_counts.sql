-- `select_scan_counts`: how the finished scans ended. A running one is left out: a counter must not fall.
select
    account_id as "account_id!",
    coalesce(account_name, '') as "account_name!",
    source as "source!",
    outcome as "outcome!",
    count(*) as "scan_count!"
from reporting.scans
where outcome <> 'running'
group by account_id, account_name, source, outcome
order by account_id, source, outcome
