with days as (
    select status, status_date, sum(token_count) as token_count, max(sum(token_count)) over () as most
    from reporting.access_token_daily_status
    where status_date > (now() at time zone 'UTC')::date - 28
    group by status, status_date
)
select status, (array_agg(token_count order by status_date))[1]::text as "on the first day",
       string_agg(substr('▁▂▃▄▅▆▇█', 1 + round(7 * token_count / greatest(most, 1))::integer, 1), '' order by status_date) as "day by day",
       (array_agg(token_count order by status_date desc))[1]::text as today
from days
group by status
order by status
