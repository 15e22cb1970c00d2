-- Which codes does the API still call activated or unactivated although their time has passed?
-- For security: live codes past their computed expiry. All instants are UTC.
--
-- Columns:
--   account_name: the account
--   access_token_id: the code
--   token_name: its name
--   status: what the API says
--   expires_at: its computed expiry
--   overdue_hours: whole hours since then
--   last_read_at: when it is known to have been so
--
-- Uncertainty: a code whose time passed after last_read_at may be expired by now; it is here until the next scan. One that stays here
-- for more than a scan is an oddity of the API.
select
    t.account_name,
    t.access_token_id,
    t.token_name,
    t.status,
    t.expires_at,
    floor(extract(epoch from now() - t.expires_at) / 3600)::bigint as overdue_hours,
    t.last_seen_at as last_read_at
from reporting.access_tokens t
where t.status <> t.effective_status
order by t.expires_at, t.account_id, t.access_token_id;
