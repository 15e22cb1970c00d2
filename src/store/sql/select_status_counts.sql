-- `select_status_counts`: live objects by target and reported status.
select
    c.account_id as "account_id!",
    coalesce(c.account_name, '') as "account_name!",
    c.source as "source!",
    c.status as "status!",
    c.object_count as "object_count!",
    c.overdue_count as "overdue_count!"
from (
    select
        account_id, account_name, 'access-tokens' as source, status,
        count(*) as object_count,
        count(*) filter (where effective_status <> status) as overdue_count
    from reporting.access_tokens
    group by account_id, account_name, status
    union all
    select account_id, account_name, 'mfa-devices', status, count(*), 0
    from reporting.mfa_devices
    group by account_id, account_name, status
) c
order by c.account_name, c.account_id, c.source, c.object_count desc, c.status
