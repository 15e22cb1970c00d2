-- `record_transitions`: before the rows change, so that the old user is still known; `write` is
-- 'open' (after the rows are there) or 'next'. $1 account, $2 scan, $3 write.
insert into inventory.mfa_device_transitions (
    account_id, device_key, not_before_at, not_after_at, from_status, to_status, from_user_key, to_user_key,
    occurred_at, time_basis, is_expected, anomaly, scan_id)
select d.account_id, d.device_key, s.not_before_at, s.observed_at, s.from_status, s.status,
       case when s.write = 'next' and d.deleted_at is null then d.user_key end, u.user_key,
       s.occurred_at, s.time_basis, s.is_expected, s.anomaly, $2
from staged_mfa_devices s
join inventory.mfa_devices d on d.account_id = $1 and md5(d.serial_number) = md5(s.serial_number)
left join inventory.mfa_users u on u.account_id = $1 and md5(u.user_id) = md5(s.user_id)
where s.write = $3
  and s.not_before_at is not null
