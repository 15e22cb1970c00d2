-- `open`: first versions of devices never seen before. $1 account, $2 scan.
insert into inventory.mfa_devices (
    account_id, serial_number, version_no, valid_from_at, first_seen_at, status, status_since_at, user_key,
    activated_at, extra, digest, change_kind, changed_columns, scan_id)
select $1, s.serial_number, 1, s.observed_at, s.observed_at, s.status, s.observed_at, u.user_key,
       s.activated_at, s.extra, s.digest, s.change_kind, '{}', $2
from staged_mfa_devices s
left join inventory.mfa_users u on u.account_id = $1 and md5(u.user_id) = md5(s.user_id)
where s.write = 'open'
