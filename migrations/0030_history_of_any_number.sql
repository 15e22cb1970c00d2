-- The statement of a trigger is planned once a session, for as many rows as it meets first. Joined row by row, as is best for
-- one changed row, ten thousand that the same session meets later took 14 s instead of a third of a second.

alter function inventory.keep_access_token_history() set enable_nestloop = off;
alter function inventory.keep_mfa_device_history() set enable_nestloop = off;
