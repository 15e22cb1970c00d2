-- Which codes are used up, and since when?
-- For analysts: all codes whose registrations have reached the limit, deleted ones included. All instants are UTC.
--
-- Columns:
--   account_name: the account
--   access_token_id: the code
--   token_name: its name
--   max_use_count: the limit
--   registered_count: the registrations
--   used_up_not_before_at: when the count was last read below the limit, at the latest
--   used_up_not_after_at: when it was first read at the limit; null where it was so when the code was first read
--   is_deleted: whether it has been deleted since
--
-- Uncertainty: the last registration happened after used_up_not_before_at, which is null where no reading below the limit is kept, and by
-- used_up_not_after_at. What was registered between the last reading and a deletion is not known.
with reached as (
    -- The reading that found the count at the limit that holds now, and the one before below it.
    select distinct on (u.account_id, u.access_token_id)
        u.account_id, u.access_token_id, u.seen_at
    from reporting.access_token_usage u
    join reporting.access_tokens_all t on t.account_id = u.account_id and t.access_token_id = u.access_token_id
    where u.registered_count >= t.max_use_count
      and u.previous_count < t.max_use_count
    order by u.account_id, u.access_token_id, u.seen_at desc
)
select
    t.account_name,
    t.access_token_id,
    t.token_name,
    t.max_use_count,
    t.registered_count,
    -- The last complete scan before read a lower count.
    (
        select max(s.started_at)
        from reporting.scans s
        where s.account_id = t.account_id
          and s.source = 'access-tokens'
          and s.outcome = 'complete'
          and s.finished_at < r.seen_at
          and s.finished_at >= t.first_seen_at
    ) as used_up_not_before_at,
    r.seen_at as used_up_not_after_at,
    t.is_deleted
from reporting.access_tokens_all t
left join reached r on r.account_id = t.account_id and r.access_token_id = t.access_token_id
where t.is_exhausted
order by r.seen_at desc nulls last, t.account_id, t.access_token_id;
