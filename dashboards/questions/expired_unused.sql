-- Which codes expired although nobody had ever used them?
-- For analysts and owners of budgets: all codes, deleted ones included. All instants are UTC.
--
-- Columns:
--   account_name: the account
--   access_token_id: the code
--   token_name: its name
--   created_at: its creation
--   expires_at: its computed expiry
--   is_deleted: whether it has been deleted since
--   is_read_expired: whether a scan read it as expired
--
-- Uncertainty: where is_read_expired is false, no scan saw it expired, but its time had passed when it was last read or when it was
-- missed; it may have been deleted shortly before. Uses between the last reading and a deletion are not known.
select
    t.account_name,
    t.access_token_id,
    t.token_name,
    t.created_at,
    t.expires_at,
    t.is_deleted,
    t.status = 'expired' as is_read_expired
from reporting.access_tokens_all t
where t.effective_status = 'expired'
  and t.registered_count = 0
order by t.expires_at desc, t.account_id, t.access_token_id;
