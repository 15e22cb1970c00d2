select account_name as account, source, state, to_char(data_as_of_at at time zone 'UTC', 'YYYY-MM-DD HH24:MI"Z"') as "data as of",
       live_count::text as live, consecutive_failure_count::text as "failures in a row"
from reporting.freshness
order by source
