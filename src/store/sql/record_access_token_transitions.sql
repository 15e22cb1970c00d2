-- `record_transitions`: of codes that are new or changed. $1 account, $2 scan.
insert into inventory.access_token_transitions (
    account_id, access_token_id, not_before_at, not_after_at, from_status, to_status, occurred_at, time_basis,
    is_expected, anomaly, scan_id)
select $1, s.access_token_id, s.not_before_at, s.observed_at, s.from_status, s.status, s.occurred_at, s.time_basis,
       s.is_expected, s.anomaly, $2
from staged_access_tokens s
where s.not_before_at is not null
