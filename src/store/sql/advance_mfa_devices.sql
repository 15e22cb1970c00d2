-- `advance`: next versions of known devices; the guard copies the ones before to history. $1 account, $2 scan.
update inventory.mfa_devices d
set version_no      = d.version_no + 1,
    valid_from_at   = s.observed_at,
    status          = s.status,
    status_since_at = case when d.deleted_at is null and d.status = s.status
                           then d.status_since_at else s.observed_at end,
    user_key        = u.user_key,
    activated_at    = s.activated_at,
    extra           = s.extra,
    digest          = s.digest,
    change_kind     = s.change_kind,
    changed_columns = string_to_array(s.changed_columns, ','),
    scan_id         = $2,
    deleted_at      = null,
    deleted_scan_id = null
from staged_mfa_devices s
left join inventory.mfa_users u on u.account_id = $1 and md5(u.user_id) = md5(s.user_id)
where s.write = 'next'
  and d.account_id = $1
  and md5(d.serial_number) = md5(s.serial_number)
