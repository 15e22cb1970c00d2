-- `note_live_after_expiry`: codes that the API still calls live after their computed expiry, once a version.
-- The minute of grace lets the API flip the status. $1 account, $2 scan, $3 when the scan began.
insert into inventory.anomalies (account_id, source, object_id, kind, detail, scan_id, detected_at)
select t.account_id, 'access-tokens', t.access_token_id, 'live_after_expiry',
       t.status || ' after the computed expiry at ' || to_char(t.expires_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
       $2, $3
from inventory.access_tokens t
where t.account_id = $1
  and t.deleted_at is null
  and t.status in ('activated', 'unactivated')
  and t.expires_at < $3::timestamptz - interval '1 minute'
  and not exists (
      select from inventory.anomalies a
      where a.account_id = t.account_id
        and a.source = 'access-tokens'
        and md5(a.object_id) = md5(t.access_token_id)
        and a.object_id = t.access_token_id
        and a.kind = 'live_after_expiry'
        and a.scan_id >= t.scan_id
  )
