-- The guard of first versions looks at rows that are in: before each row, it kept COPY from writing many rows at once.

drop trigger first_version on inventory.access_tokens;
create trigger first_version after insert on inventory.access_tokens
    for each row when (new.version_no <> 1 or new.deleted_at is not null)
    execute function inventory.refuse('a new code begins with version 1, live');

drop trigger first_version on inventory.mfa_devices;
create trigger first_version after insert on inventory.mfa_devices
    for each row when (new.version_no <> 1 or new.deleted_at is not null)
    execute function inventory.refuse('a new device begins with version 1, live');
