-- `touch`: the digest of devices whose user has a new name. $1 account.
update inventory.mfa_devices d
set digest = s.digest
from staged_mfa_devices s
where s.write = 'touch'
  and d.account_id = $1
  and md5(d.serial_number) = md5(s.serial_number)
