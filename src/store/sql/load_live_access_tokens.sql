-- `load_live`: the live codes, and whether `note_live_after_expiry` may find one as they are. $1 account, $2 when the scan began.
select array_agg(digest) as digests,
       (
           select exists (
               select from inventory.access_tokens
               where account_id = $1
                 and deleted_at is null
                 and status in ('activated', 'unactivated')
                 and expires_at < $2::timestamptz - interval '1 minute'
           )
       ) as "has_overdue!"
from inventory.access_tokens
where account_id = $1
  and deleted_at is null
