-- Retention: how long each dataset of each account is kept, and the one way to purge it.
--
-- A purge is a row of retention_log and as many batches as it takes, each in a
-- transaction of its own. What a batch may delete is still the guards' to say:
-- purge_only (0004) lets a row pass only in a transaction that has taken the
-- purge up, and taking it up is guarded here by policy and holds.

create table inventory.retention_policies (
    account_id   text    not null,
    dataset      text    not null,
    keep_seconds bigint  not null,
    is_enabled   boolean not null,
    constraint retention_policies_pkey primary key (account_id, dataset),
    constraint retention_policies_dataset_known check (dataset in (
        'access_token_history', 'access_token_transitions', 'access_token_usage',
        'mfa_device_history', 'mfa_device_transitions'
    )),
    constraint retention_policies_keep_a_day_to_1000_years check (keep_seconds between 86400 and 31557600000)
);
comment on table inventory.retention_policies is 'How long each dataset of each account is kept, as the configuration says; the program writes what differs.';
comment on column inventory.retention_policies.account_id is 'The account.';
comment on column inventory.retention_policies.dataset is 'The table that is purged.';
comment on column inventory.retention_policies.keep_seconds is 'How long a row is kept after it ended, in seconds: a day at least.';
comment on column inventory.retention_policies.is_enabled is 'False where nothing of it is purged, however old.';

alter table inventory.retention_log
    alter column transaction_id drop default,
    alter column transaction_id drop not null,
    add column progress_at timestamptz;
comment on table inventory.retention_log is 'One row per purge of one dataset of one account. Each batch of it is a transaction that takes the row up, deletes and counts, or does nothing at all.';
comment on column inventory.retention_log.deleted_count is 'Rows that its batches have deleted.';
comment on column inventory.retention_log.finished_at is 'When it ended; null while batches are left to do.';
comment on column inventory.retention_log.transaction_id is 'The transaction of the batch under way: the guards let deletes pass in it alone. Null between batches.';
comment on column inventory.retention_log.progress_at is 'What ended before this instant is done with; null before the first batch that deleted something.';

-- One purge at a time; the guard of each deleted row finds it here, too.
create unique index retention_log_under_way on inventory.retention_log (account_id, dataset)
    where finished_at is null and not is_dry_run;

-- The one dataset that no index had by its end. Building it keeps writers of usage samples waiting: some
-- seconds a million rows.
create index access_token_usage_by_time on inventory.access_token_usage (account_id, seen_at);

alter table inventory.legal_holds
    add constraint legal_holds_say_who_and_why check (btrim(reason) <> '' and btrim(placed_by) <> '' and btrim(released_by) <> '');

create function inventory.take_up_purge() returns trigger
    language plpgsql as $$
begin
    if current_setting('transaction_isolation') in ('repeatable read', 'serializable') then
        raise exception 'purge of inventory.% is refused: a transaction that is % does not see holds placed since it began; use read committed',
            new.dataset, current_setting('transaction_isolation')
            using errcode = 'restrict_violation';
    end if;
    -- Whoever places a hold now waits until the batch is over, and no batch outruns a hold that was placed.
    lock table inventory.legal_holds in share mode;
    perform from inventory.retention_policies p
    where p.account_id = new.account_id
      and p.dataset = new.dataset
      and p.is_enabled
      and new.cutoff_at <= now() - p.keep_seconds * interval '1 second'
    for share;
    if not found then
        raise exception 'purge of inventory.% is refused: no policy of account % lets go what ended before %',
            new.dataset, new.account_id, new.cutoff_at
            using errcode = 'restrict_violation';
    end if;
    new.transaction_id := pg_current_xact_id();
    return new;
end $$;
comment on function inventory.take_up_purge is 'Trigger: lets a transaction delete for a purge only up to what an enabled policy lets go, and keeps policy and holds as they are until it ends.';

create trigger taken_up before insert or update on inventory.retention_log
    for each row when (new.transaction_id is not null and new.finished_at is null and not new.is_dry_run)
    execute function inventory.take_up_purge();

create function inventory.purge(
    account    text,
    dataset    text,
    batch_size integer default 1000,
    is_dry_run boolean default false
)
    returns table (
        purge_id      bigint,
        cutoff_at     timestamptz,
        matched_count bigint,
        held_count    bigint,
        deleted_count bigint,
        is_finished   boolean
    )
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
#variable_conflict use_column
declare
    -- The datasets, as the triggers purge_only have them.
    listed  constant jsonb := '{
        "access_token_history":     ["access-tokens", "access_token_id", "valid_to_at"],
        "access_token_transitions": ["access-tokens", "access_token_id", "not_after_at"],
        "access_token_usage":       ["access-tokens", "access_token_id", "seen_at"],
        "mfa_device_history":       ["mfa-devices", "device_key", "valid_to_at"],
        "mfa_device_transitions":   ["mfa-devices", "device_key", "not_after_at"]
    }';
    chosen  constant jsonb := listed -> dataset;
    policy  inventory.retention_policies;
    entry   inventory.retention_log;
    cutoff  timestamptz;
    matched bigint;
    held    bigint;
    deleted bigint;
    reached timestamptz;
begin
    if chosen is null then
        raise exception 'unknown dataset "%"; use one of %; nothing was changed', dataset,
            (select string_agg(name, ', ' order by name) from jsonb_object_keys(listed) as names (name))
            using errcode = 'invalid_parameter_value';
    end if;
    if batch_size is null or batch_size not between 1 and 100000 then
        raise exception 'batch_size is %; use 1 to 100000; nothing was changed', coalesce(batch_size::text, 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    if not exists (select from inventory.accounts a where a.account_id = purge.account) then
        raise exception 'unknown account "%"; use the account_id of an account in the inventory; nothing was changed', account
            using errcode = 'invalid_parameter_value';
    end if;
    select * into policy
    from inventory.retention_policies p
    where p.account_id = purge.account and p.dataset = purge.dataset;
    if not found then
        raise exception 'no policy of account % for % is known yet; run `stocktake retention --dry-run`, which takes it over from the configuration; nothing was changed',
            account, dataset
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    if not policy.is_enabled then
        raise exception 'the policy of account % for % is off; set `enabled` in [retention] or its [[retention.policy]], then run `stocktake retention --dry-run`; nothing was changed',
            account, dataset
            using errcode = 'object_not_in_prerequisite_state';
    end if;
    -- The program holds it for its session over a whole run.
    if not pg_try_advisory_xact_lock(hashtextextended('stocktake/retention', 0)) then
        raise exception 'another purge is running; try again when it has ended; nothing was changed'
            using errcode = 'lock_not_available';
    end if;

    cutoff := now() - policy.keep_seconds * interval '1 second';
    if not is_dry_run then
        -- The policy keeps more by now than when an interrupted purge began: that one ends as it stands.
        update inventory.retention_log l
        set finished_at = clock_timestamp()
        where l.account_id = purge.account and l.dataset = purge.dataset
          and l.finished_at is null and not l.is_dry_run
          and l.cutoff_at > cutoff;
        update inventory.retention_log l
        set transaction_id = pg_current_xact_id()
        where l.account_id = purge.account and l.dataset = purge.dataset
          and l.finished_at is null and not l.is_dry_run
        returning * into entry;
    end if;
    if entry.purge_id is null then
        -- What the view shows is what goes; the rest of what matches is held.
        execute format(
            'select count(*), count(*) - (
                 select count(*) from reporting.retention_candidates c where c.account_id = $1 and c.dataset = $3)
             from inventory.%I e where e.account_id = $1 and e.%I < $2',
            dataset, chosen ->> 2)
        into matched, held using account, cutoff, dataset;
        insert into inventory.retention_log (
            account_id, dataset, cutoff_at, is_dry_run, matched_count, held_count, started_at, finished_at, transaction_id)
        values (
            account, purge.dataset, cutoff, purge.is_dry_run, matched, held, now(),
            case when purge.is_dry_run then clock_timestamp() end, pg_current_xact_id())
        returning * into entry;
    end if;
    if not is_dry_run then
        execute format(
            'with gone as (
                 delete from inventory.%1$I
                 where ctid = any (array(
                     select e.ctid from inventory.%1$I e
                     where e.account_id = $1 and e.%2$I >= $2 and e.%2$I < $3
                       and not inventory.is_held(e.account_id, %3$L, e.%4$I::text)
                     order by e.%2$I
                     limit $4))
                 returning %2$I as ended_at
             )
             select count(*), max(ended_at) from gone',
            dataset, chosen ->> 2, chosen ->> 0, chosen ->> 1)
        into deleted, reached
        using account, coalesce(entry.progress_at, '-infinity'), entry.cutoff_at, batch_size;
        update inventory.retention_log l
        set deleted_count = l.deleted_count + deleted,
            progress_at = coalesce(reached, l.progress_at),
            finished_at = case when deleted < batch_size then clock_timestamp() end,
            transaction_id = null
        where l.account_id = entry.account_id and l.purge_id = entry.purge_id
        returning * into entry;
    end if;
    return query select
        entry.purge_id, entry.cutoff_at, entry.matched_count, entry.held_count,
        case when entry.is_dry_run then entry.matched_count - entry.held_count else entry.deleted_count end,
        entry.finished_at is not null;
end $$;
comment on function inventory.purge is 'Deletes the next batch, at most batch_size rows, of what the policy lets go of one dataset of one account, oldest first; call it until is_finished, with a commit after each call. The first call opens a row of retention_log and counts, later ones resume it. With is_dry_run nothing is deleted, and deleted_count is what would be.';

create function inventory.close_purges() returns bigint
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
declare
    closed_count bigint;
begin
    if not pg_try_advisory_xact_lock(hashtextextended('stocktake/retention', 0)) then
        raise exception 'another purge is running; try again when it has ended; nothing was changed'
            using errcode = 'lock_not_available';
    end if;
    update inventory.retention_log set finished_at = clock_timestamp() where finished_at is null;
    get diagnostics closed_count = row_count;
    return closed_count;
end $$;
comment on function inventory.close_purges is 'Ends every purge that was interrupted, as it stands, and says how many there were; the next purge takes what is left.';

revoke all on function inventory.take_up_purge, inventory.purge, inventory.close_purges from public;

create view reporting.retention_candidates as
select
    e.account_id,
    a.account_name,
    e.dataset,
    e.object_id,
    e.version_no,
    e.ended_at,
    coalesce(f.state = 'fresh', false) as is_safe_to_act
from (
    select p.account_id, p.dataset, 'access-tokens' as source, c.access_token_id as object_id, c.version_no, c.valid_to_at as ended_at
    from inventory.retention_policies p
    join inventory.access_token_history c
        on c.account_id = p.account_id and c.valid_to_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'access_token_history'
    union all
    select p.account_id, p.dataset, 'access-tokens', c.access_token_id, null, c.not_after_at
    from inventory.retention_policies p
    join inventory.access_token_transitions c
        on c.account_id = p.account_id and c.not_after_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'access_token_transitions'
    union all
    select p.account_id, p.dataset, 'access-tokens', c.access_token_id, null, c.seen_at
    from inventory.retention_policies p
    join inventory.access_token_usage c
        on c.account_id = p.account_id and c.seen_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'access_token_usage'
    union all
    select p.account_id, p.dataset, 'mfa-devices', d.device_key::text, d.version_no, d.valid_to_at
    from inventory.retention_policies p
    join inventory.mfa_device_history d
        on d.account_id = p.account_id and d.valid_to_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'mfa_device_history'
    union all
    select p.account_id, p.dataset, 'mfa-devices', d.device_key::text, null, d.not_after_at
    from inventory.retention_policies p
    join inventory.mfa_device_transitions d
        on d.account_id = p.account_id and d.not_after_at < now() - p.keep_seconds * interval '1 second'
    where p.is_enabled and p.dataset = 'mfa_device_transitions'
) e
left join inventory.accounts a on a.account_id = e.account_id
left join reporting.freshness f on f.account_id = e.account_id and f.source = e.source
where not exists (
    select from inventory.legal_holds h
    where h.account_id = e.account_id
      and h.released_at is null
      and (h.dataset is null or h.dataset = e.source)
      and (h.object_id is null or h.object_id = e.object_id)
);

comment on view reporting.retention_candidates is 'One row per closed version, transition or usage sample that policy lets go now and no legal hold keeps: exactly what a purge that began now would delete. Nothing where the policy is off.';
comment on column reporting.retention_candidates.account_id is 'Numeric id of the account, as text.';
comment on column reporting.retention_candidates.account_name is 'The operator''s label for the account.';
comment on column reporting.retention_candidates.dataset is 'What it is a row of: access_token_history, access_token_transitions, access_token_usage, mfa_device_history or mfa_device_transitions.';
comment on column reporting.retention_candidates.object_id is 'The access_token_id, or the device_key as text.';
comment on column reporting.retention_candidates.version_no is 'Number of the closed version; null for a transition or a usage sample.';
comment on column reporting.retention_candidates.ended_at is 'When the version was closed, the transition''s new state first read, or the sample taken (UTC).';
comment on column reporting.retention_candidates.is_safe_to_act is 'Whether its target is fresh (see freshness): what was read lately agrees with the database. False where it is late, stale, never read or off.';
