-- `sample_usage`: changes of RegisteredCount, before the rows themselves change. $1 account, $2 scan.
insert into inventory.access_token_usage (
    account_id, access_token_id, seen_at, registered_count, previous_count, scan_id)
select t.account_id, t.access_token_id, s.observed_at, s.registered_count, t.registered_count, $2
from staged_access_tokens s
join inventory.access_tokens t on t.account_id = $1 and t.access_token_id = s.access_token_id
where s.write <> 'open'
  and s.registered_count is not null
  and s.registered_count is distinct from t.registered_count
