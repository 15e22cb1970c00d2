-- `keep_users`, second half: names are kept current, without history. $1 account.
update inventory.mfa_users u
set user_principal_name = s.user_principal_name,
    display_name        = s.display_name
from (
    select distinct on (user_id) user_id, user_principal_name, display_name
    from staged_mfa_devices
    where user_id is not null
    order by user_id, seq desc
) s
where u.account_id = $1
  and md5(u.user_id) = md5(s.user_id)
  and (u.user_principal_name, u.display_name) is distinct from (s.user_principal_name, s.display_name)
