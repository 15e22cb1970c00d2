-- When did nobody look for long?
-- For whoever judges the other answers: spans between complete scans that are longer than a limit. All instants are UTC.
--
-- Columns:
--   account_name: the account
--   source: the listing
--   not_before_at: a complete scan began
--   not_after_at: the next one began; null where none has since
--   blind_hours: whole hours in between
--   failed_scan_count: scans in between that were not complete
--
-- Uncertainty: none; bounds of changes within a span are at most as wide as it.
with params as (
    select interval '24 hours' as longest
),
looks as (
    select
        s.account_id, s.account_name, s.source, s.started_at,
        lead(s.started_at) over (partition by s.account_id, s.source order by s.started_at) as next_at
    from reporting.scans s
    where s.outcome = 'complete'
)
select
    l.account_name,
    l.source,
    l.started_at as not_before_at,
    l.next_at as not_after_at,
    floor(extract(epoch from coalesce(l.next_at, now()) - l.started_at) / 3600)::bigint as blind_hours,
    (
        select count(*)
        from reporting.scans s
        where s.account_id = l.account_id
          and s.source = l.source
          and s.outcome not in ('complete', 'running')
          and s.started_at > l.started_at
          and s.started_at < coalesce(l.next_at, 'infinity')
    ) as failed_scan_count
from looks l
cross join params p
where coalesce(l.next_at, now()) - l.started_at > p.longest
order by l.started_at, l.account_id, l.source;
