-- Which codes were deleted while they could still be used?
-- For analysts: codes that were last read activated, not used up and before their time. All instants are UTC.
--
-- Columns:
--   account_name: the account
--   access_token_id: the code
--   token_name: its name
--   remaining_use_count: registrations that were left
--   expires_at: its computed expiry
--   not_before_at: it was still there
--   not_after_at: it was gone
--
-- Uncertainty: it was deleted from not_before_at to not_after_at, and may have been disabled or used up in between.
select
    t.account_name,
    t.access_token_id,
    t.token_name,
    t.remaining_use_count,
    t.expires_at,
    x.not_before_at,
    x.not_after_at
from reporting.access_tokens_all t
join reporting.access_token_transitions x
    on  x.account_id = t.account_id
    and x.access_token_id = t.access_token_id
    and x.not_after_at = t.deleted_at
    and x.to_status = 'deleted'
where t.status = 'activated'
  and t.is_exhausted is not true
  and t.expires_at > x.not_after_at
order by x.not_after_at desc, t.account_id, t.access_token_id;
