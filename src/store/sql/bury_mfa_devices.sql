-- `bury`: tombstones of devices whose absence is proven, with their transitions.
-- $1 account, $2 scan, $3 serials, $4 when each absence was proven, $5 start of the last complete scan.
with buried as (
    update inventory.mfa_devices d
    set deleted_at      = a.proven_at,
        deleted_scan_id = $2
    from unnest($3::text[], $4::timestamptz[]) as a (serial_number, proven_at)
    where d.account_id = $1
      and md5(d.serial_number) = md5(a.serial_number)
      and d.deleted_at is null
    returning d.device_key, d.scan_id, d.status, d.user_key, d.deleted_at
)
insert into inventory.mfa_device_transitions (
    account_id, device_key, not_before_at, not_after_at, from_status, to_status, from_user_key, time_basis,
    is_expected, scan_id)
select $1, b.device_key, greatest(s.started_at, $5), b.deleted_at, b.status, 'deleted', b.user_key, 'bounded',
       true, $2
from buried b
join inventory.scans s on s.account_id = $1 and s.scan_id = b.scan_id
