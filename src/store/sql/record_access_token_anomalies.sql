-- `record_anomalies`: of codes that are new or changed. $1 account, $2 scan.
insert into inventory.anomalies (account_id, source, object_id, kind, detail, scan_id, detected_at)
select $1, 'access-tokens', s.access_token_id, a.kind, a.detail, $2, s.observed_at
from staged_access_tokens s
cross join lateral jsonb_to_recordset(s.anomalies) as a (kind text, detail text)
where s.anomalies <> '[]'
