-- How many codes were activated on each day?
-- For analysts: UTC days without a gap, all accounts together.
--
-- Columns:
--   activation_date: the UTC day
--   activation_count: activations, by the middle of their bounds: for charts; stays when older details are purged
--   certain_count: activations that happened on this day whatever the true instant is
--   possible_count: activations that may have happened on this day
--
-- Uncertainty: the true number lies from certain_count to possible_count, as long as the transitions are kept. Activations before the first scan are on no day, nor are those
-- of codes that were disabled again between two scans.
with params as (
    select
        date '2026-06-01' as first_date,
        date '2026-12-31' as last_date
),
days as (
    select p.first_date + n as day
    from params p
    cross join generate_series(0, p.last_date - p.first_date) n
),
bounds as (
    select
        (x.not_before_at at time zone 'UTC')::date as first_date,
        (x.not_after_at at time zone 'UTC')::date as last_date
    from reporting.access_token_transitions x
    where x.to_status = 'activated'
)
select
    d.day as activation_date,
    (
        select coalesce(sum(t.transition_count), 0)::bigint
        from reporting.access_token_daily_transitions t
        where t.transition_date = d.day
          and t.to_status = 'activated'
    ) as activation_count,
    count(*) filter (where b.first_date = b.last_date) as certain_count,
    count(b.first_date) as possible_count
from days d
left join bounds b on d.day between b.first_date and b.last_date
group by d.day
order by d.day;
