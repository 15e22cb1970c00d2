-- `select_transition_counts`: by UTC day and new status. $1 since when.
-- not_after_at is never before estimated_at; the index by account and time knows it.
select
    (x.estimated_at at time zone 'UTC')::date as "date!",
    x.to_status as "to_status!",
    count(*) as "transition_count!"
from reporting.freshness f
join reporting.access_token_transitions x on x.account_id = f.account_id
where f.source = 'access-tokens'
  and x.not_after_at >= $1
  and x.estimated_at >= $1
group by 1, 2
order by 1, 2
