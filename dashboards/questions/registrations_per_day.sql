-- How many sources registered with the codes, by the day on which it was read?
-- For analysts: UTC days on which registrations were read, by account.
--
-- Columns:
--   seen_date: the UTC day of the reading
--   account_name: the account
--   code_count: codes with new registrations
--   added_count: new registrations; less where a count fell, which the API should not do
--
-- Uncertainty: a registration is counted on the day of the reading, which may be later than its own. Those of codes that were first read
-- with them, and those between the last reading and a deletion, are in no row.
with params as (
    select
        date '2026-06-01' as first_date,
        date '2026-12-31' as last_date
)
select
    u.seen_date,
    u.account_name,
    count(distinct u.access_token_id) as code_count,
    sum(u.added_count) as added_count
from reporting.access_token_usage u
cross join params p
where u.seen_date between p.first_date and p.last_date
group by u.seen_date, u.account_id, u.account_name
order by u.seen_date, u.account_id;
