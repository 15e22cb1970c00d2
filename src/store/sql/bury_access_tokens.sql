-- `bury`: tombstones of codes whose absence is proven, with their transitions.
-- $1 account, $2 scan, $3 ids, $4 when each absence was proven, $5 start of the last complete scan.
with buried as (
    update inventory.access_tokens t
    set deleted_at      = a.proven_at,
        deleted_scan_id = $2
    from unnest($3::text[], $4::timestamptz[]) as a (access_token_id, proven_at)
    where t.account_id = $1
      and t.access_token_id = a.access_token_id
      and t.deleted_at is null
    returning t.access_token_id, t.scan_id, t.status, t.deleted_at
)
insert into inventory.access_token_transitions (
    account_id, access_token_id, not_before_at, not_after_at, from_status, to_status, time_basis, is_expected, scan_id)
select $1, b.access_token_id, greatest(s.started_at, $5), b.deleted_at, b.status, 'deleted', 'bounded', true, $2
from buried b
join inventory.scans s on s.account_id = $1 and s.scan_id = b.scan_id
