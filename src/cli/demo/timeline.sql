with chosen as (
    -- The newest code that went through its whole life, to its deletion if there is one, while it was watched.
    select access_token_id
    from reporting.access_token_transitions
    group by access_token_id
    having bool_or(from_status is null) and bool_or(to_status = 'activated') and bool_or(to_status = 'expired')
    order by bool_or(to_status = 'deleted') desc, max(not_after_at) desc
    limit 1
)
select t.access_token_id as code, coalesce(t.from_status, '(absent)') || ' → ' || t.to_status as change,
       to_char(t.not_before_at at time zone 'UTC', 'MM-DD HH24:MI:SS') as "not before",
       to_char(t.not_after_at at time zone 'UTC', 'MM-DD HH24:MI:SS') as "not after",
       coalesce(to_char(t.occurred_at at time zone 'UTC', 'MM-DD HH24:MI:SS'), 'in between') as occurred,
       t.time_basis as basis
from reporting.access_token_transitions t
join chosen using (access_token_id)
order by t.not_after_at
