-- Of the codes created in each month, how many were activated, and how many have expired?
-- For analysts: UTC months of creation, deleted codes included.
--
-- Columns:
--   account_name: the account
--   created_month_date: the first day of the month of creation
--   created_count: codes created in it
--   activated_count: of these, ever seen activated
--   expired_count: of these, ever seen expired
--   expired_unactivated_count: seen expired and never activated
--   deleted_count: gone by now
--   activated_ratio: activated_count / created_count
--
-- Uncertainty: a code that came and went between two scans was never seen, and what a code was between two scans is not known: the
-- counts are the least that is true.
with codes as (
    select
        t.account_id,
        t.account_name,
        t.access_token_id,
        date_trunc('month', t.created_at at time zone 'UTC')::date as month,
        t.is_deleted,
        t.status = 'expired' or exists (
            select
            from reporting.access_token_history h
            where h.account_id = t.account_id
              and h.access_token_id = t.access_token_id
              and h.status = 'expired'
        ) as is_expired
    from reporting.access_tokens_all t
)
select
    c.account_name,
    c.month as created_month_date,
    count(*) as created_count,
    count(*) filter (where a.is_activated) as activated_count,
    count(*) filter (where c.is_expired) as expired_count,
    count(*) filter (where c.is_expired and not a.is_activated) as expired_unactivated_count,
    count(*) filter (where c.is_deleted) as deleted_count,
    round(count(*) filter (where a.is_activated)::numeric / count(*), 4) as activated_ratio
from codes c
join reporting.access_token_activation a on a.account_id = c.account_id and a.access_token_id = c.access_token_id
group by c.account_id, c.account_name, c.month
order by c.account_id, c.month;
