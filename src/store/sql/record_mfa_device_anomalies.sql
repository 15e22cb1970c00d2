-- `record_anomalies`: of devices that are new or changed. $1 account, $2 scan.
insert into inventory.anomalies (account_id, source, object_id, kind, detail, scan_id, detected_at)
select $1, 'mfa-devices', d.device_key::text, a.kind, a.detail, $2, s.observed_at
from staged_mfa_devices s
join inventory.mfa_devices d on d.account_id = $1 and md5(d.serial_number) = md5(s.serial_number)
cross join lateral jsonb_to_recordset(s.anomalies) as a (kind text, detail text)
where s.anomalies <> '[]'
