-- `open`: first versions of codes never seen before. $1 account, $2 scan.
insert into inventory.access_tokens (
    account_id, access_token_id, version_no, valid_from_at, first_seen_at, status, status_since_at, token_name,
    description, ttl_days, max_use_count, registered_count, created_at, extra, digest, change_kind, changed_columns,
    scan_id)
select $1, s.access_token_id, 1, s.observed_at, s.observed_at, s.status, s.observed_at, s.token_name,
       s.description, s.ttl_days, s.max_use_count, s.registered_count, s.created_at, s.extra, s.digest, s.change_kind,
       '{}', $2
from staged_access_tokens s
where s.write = 'open'
