-- `advance`: next versions of known codes; the guard copies the ones before to history. $1 account, $2 scan.
update inventory.access_tokens t
set version_no       = t.version_no + 1,
    valid_from_at    = s.observed_at,
    status           = s.status,
    status_since_at  = case when t.deleted_at is null and t.status = s.status
                            then t.status_since_at else s.observed_at end,
    token_name       = s.token_name,
    description      = s.description,
    ttl_days         = s.ttl_days,
    max_use_count    = s.max_use_count,
    registered_count = s.registered_count,
    created_at       = s.created_at,
    extra            = s.extra,
    digest           = s.digest,
    change_kind      = s.change_kind,
    changed_columns  = string_to_array(s.changed_columns, ','),
    scan_id          = $2,
    deleted_at       = null,
    deleted_scan_id  = null
from staged_access_tokens s
where s.write = 'next'
  and t.account_id = $1
  and t.access_token_id = s.access_token_id
