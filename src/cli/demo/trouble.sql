select to_char(started_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as started, source, outcome,
       new_count::text as new, deleted_count::text as deleted, error_message as why
from reporting.scans
where outcome not in ('complete', 'running')
order by scan_id
