-- The state of a whole account at an instant reads the blocks of history from that instant on, and none before.
--
-- History is written in the order in which versions end, so a summary of each megabyte tells where an instant lies: 88 kB
-- over ten million versions. The index by account and end stays for what asks for little; over much of a history the
-- planner took it for random reading and read all. Building these keeps writers of history waiting for some two seconds
-- per ten million versions.

create index access_token_history_by_end_blocks on inventory.access_token_history using brin (valid_to_at);
create index mfa_device_history_by_end_blocks on inventory.mfa_device_history using brin (valid_to_at);
