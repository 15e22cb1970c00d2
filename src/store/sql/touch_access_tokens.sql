-- `touch`: what opens no version is brought up to date. $1 account.
update inventory.access_tokens t
set registered_count = s.registered_count,
    digest           = s.digest
from staged_access_tokens s
where s.write = 'touch'
  and t.account_id = $1
  and t.access_token_id = s.access_token_id
