-- `keep_users`, second half: users never seen before. $1 account.
insert into inventory.mfa_users (account_id, user_id, user_principal_name, display_name, first_seen_at)
select distinct on (s.user_id) $1, s.user_id, s.user_principal_name, s.display_name, s.observed_at
from staged_mfa_devices s
where s.user_id is not null
  and not exists (
      select from inventory.mfa_users u
      where u.account_id = $1 and md5(u.user_id) = md5(s.user_id)
  )
order by s.user_id, s.seq desc
