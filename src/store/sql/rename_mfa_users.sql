-- `keep_users`, first half: names are kept current, without history. $1 account.
-- Other devices of a renamed user were digested with the old name: they are compared when they are seen again, for the
-- name may have gone back by then. No digest is 0 but by a chance of one in 2^64, and then its row is compared once more.
with renamed as (
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
    returning u.user_key
)
update inventory.mfa_devices d
set digest = 0
from renamed r
where d.account_id = $1
  and d.user_key = r.user_key
  and d.deleted_at is null
  and not exists (select from staged_mfa_devices s where md5(s.serial_number) = md5(d.serial_number))
