-- Daily counts: how many objects had each status at the end of each day, and how many changes each day saw.
--
-- Counted while it happens, in the transaction that changes the rows, and kept apart from them, so that a purge
-- of the detail does not change what the days say. Days are UTC days.

create table inventory.daily_changes (
    account_id   text   not null,
    source       text   not null,
    change_date  date   not null,
    status       text   not null,
    -- The statuses are an open set, and a text of any length may come; its md5 always fits an index.
    status_hash  text   not null generated always as (md5(status)) stored,
    change_count bigint not null,
    constraint daily_changes_pkey primary key (account_id, source, change_date, status_hash),
    constraint daily_changes_source_known check (source in ('access-tokens', 'mfa-devices'))
);
comment on table inventory.daily_changes is 'How many objects entered a status on a day, less those that left it. The sum up to a day is how many held it at the last instant of that day. Kept by the current rows; no purge takes it.';
comment on column inventory.daily_changes.account_id is 'The account.';
comment on column inventory.daily_changes.source is 'The listing.';
comment on column inventory.daily_changes.change_date is 'The UTC day on which the change was read.';
comment on column inventory.daily_changes.status is 'Status as reported.';
comment on column inventory.daily_changes.status_hash is 'md5 of status.';
comment on column inventory.daily_changes.change_count is 'Objects that entered the status, less those that left it.';

create table inventory.access_token_daily_transitions (
    account_id       text   not null,
    transition_date  date   not null,
    from_status      text,
    to_status        text   not null,
    -- Of one md5 where from_status is null, of two otherwise, so that no two changes share one.
    change_hash      text   not null generated always as (coalesce(md5(from_status), '') || md5(to_status)) stored,
    transition_count bigint not null,
    constraint access_token_daily_transitions_pkey primary key (account_id, transition_date, change_hash)
);
comment on table inventory.access_token_daily_transitions is 'How many transitions of activation codes a day saw. Kept by access_token_transitions; no purge takes it.';
comment on column inventory.access_token_daily_transitions.account_id is 'The account.';
comment on column inventory.access_token_daily_transitions.transition_date is 'The UTC day of occurred_at, or else of the middle of the bounds.';
comment on column inventory.access_token_daily_transitions.from_status is 'The old status; null where the code appeared after the baseline, deleted where it came back.';
comment on column inventory.access_token_daily_transitions.to_status is 'The new status; deleted for a tombstone.';
comment on column inventory.access_token_daily_transitions.change_hash is 'md5 of from_status, where it is not null, and md5 of to_status.';
comment on column inventory.access_token_daily_transitions.transition_count is 'How many.';

create table inventory.observed_days (
    account_id    text not null,
    source        text not null,
    observed_date date not null,
    constraint observed_days_pkey primary key (account_id, source, observed_date),
    constraint observed_days_source_known check (source in ('access-tokens', 'mfa-devices'))
);
comment on table inventory.observed_days is 'The days on which a complete scan of a target began. Kept by scans.';
comment on column inventory.observed_days.account_id is 'The account.';
comment on column inventory.observed_days.source is 'The listing.';
comment on column inventory.observed_days.observed_date is 'The UTC day on which the scan began.';

-- What a database of the program before holds already: the versions, transitions and scans that nobody purged.

with versions as (
    select account_id, 'access-tokens' as source, status, valid_from_at, valid_to_at from inventory.access_token_history
    union all
    select account_id, 'access-tokens', status, valid_from_at, null from inventory.access_tokens where deleted_at is null
    union all
    select account_id, 'mfa-devices', status, valid_from_at, valid_to_at from inventory.mfa_device_history
    union all
    select account_id, 'mfa-devices', status, valid_from_at, null from inventory.mfa_devices where deleted_at is null
)
insert into inventory.daily_changes (account_id, source, change_date, status, change_count)
select v.account_id, v.source, (c.changed_at at time zone 'UTC')::date, v.status, sum(c.change)
from versions v
cross join lateral (values (v.valid_from_at, 1), (v.valid_to_at, -1)) as c (changed_at, change)
where c.changed_at is not null
group by 1, 2, 3, 4;

insert into inventory.access_token_daily_transitions (account_id, transition_date, from_status, to_status, transition_count)
select
    x.account_id,
    coalesce(
        x.occurred_at at time zone 'UTC',
        x.not_before_at at time zone 'UTC' + (x.not_after_at - x.not_before_at) / 2
    )::date,
    x.from_status,
    x.to_status,
    count(*)
from inventory.access_token_transitions x
group by 1, 2, 3, 4;

insert into inventory.observed_days (account_id, source, observed_date)
select distinct s.account_id, s.source, (s.started_at at time zone 'UTC')::date
from inventory.scans s
where s.outcome = 'complete';

-- From here on the rows that are counted keep the counts. They run with the rights of the tables' owner, as history
-- does, so that nobody else needs any. Rows are written in the order of their key, so that two writers do not deadlock.

create function inventory.add_daily_changes(account text, listing text, changed_on date, status text, added bigint)
    returns void
    language sql
begin atomic
    insert into inventory.daily_changes as kept (account_id, source, change_date, status, change_count)
    values (account, listing, changed_on, add_daily_changes.status, added)
    on conflict (account_id, source, change_date, status_hash)
        do update set change_count = kept.change_count + excluded.change_count;
end;
comment on function inventory.add_daily_changes is 'Adds to the changes of one day and status.';

create function inventory.count_opened() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    perform inventory.add_daily_changes(d.account_id, tg_argv[0], d.changed_on, d.status, d.added)
    from (
        select n.account_id, (n.valid_from_at at time zone 'UTC')::date as changed_on, n.status, count(*) as added
        from new_rows n
        group by 1, 2, 3
        order by 1, 2, 3
    ) d;
    return null;
end $$;
comment on function inventory.count_opened is 'Trigger: counts first versions by day and status. Its argument is the listing.';

create function inventory.count_changed() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    execute format($sql$
        select inventory.add_daily_changes(d.account_id, $1, d.changed_on, d.status, d.added)
        from (
            select n.account_id, (c.changed_at at time zone 'UTC')::date as changed_on, c.status, sum(c.change) as added
            from old_rows o
            join new_rows n using (account_id, %I)
            cross join lateral (
                values
                    (coalesce(n.deleted_at, n.valid_from_at), o.status, -1, o.deleted_at is null),
                    (n.valid_from_at, n.status, 1, n.deleted_at is null)
            ) as c (changed_at, status, change, is_live)
            where (o.status, o.deleted_at is null) is distinct from (n.status, n.deleted_at is null)
              and c.is_live
            group by 1, 2, 3
            order by 1, 2, 3
        ) d $sql$, tg_argv[1]) using tg_argv[0];
    return null;
end $$;
comment on function inventory.count_changed is 'Trigger: counts the objects that left a status, and those that entered one, by day. Its arguments are the listing and the column that names an object.';

create function inventory.count_transitions() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into inventory.access_token_daily_transitions as kept (
        account_id, transition_date, from_status, to_status, transition_count)
    select
        n.account_id,
        coalesce(
            n.occurred_at at time zone 'UTC',
            n.not_before_at at time zone 'UTC' + (n.not_after_at - n.not_before_at) / 2
        )::date,
        n.from_status,
        n.to_status,
        count(*)
    from new_rows n
    group by 1, 2, 3, 4
    order by 1, 2, 3, 4
    on conflict (account_id, transition_date, change_hash)
        do update set transition_count = kept.transition_count + excluded.transition_count;
    return null;
end $$;
comment on function inventory.count_transitions is 'Trigger: counts new transitions of activation codes by day.';

create function inventory.note_observed_day() returns trigger
    language plpgsql security definer set search_path = pg_catalog, pg_temp as $$
begin
    insert into inventory.observed_days (account_id, source, observed_date)
    values (new.account_id, new.source, (new.started_at at time zone 'UTC')::date)
    on conflict do nothing;
    return null;
end $$;
comment on function inventory.note_observed_day is 'Trigger: notes the day on which a complete scan began.';

revoke all on function
    inventory.add_daily_changes(text, text, date, text, bigint), inventory.count_opened(), inventory.count_changed(),
    inventory.count_transitions(), inventory.note_observed_day()
    from public;

create trigger count_opened after insert on inventory.access_tokens
    referencing new table as new_rows
    for each statement execute function inventory.count_opened('access-tokens');
create trigger count_opened after insert on inventory.mfa_devices
    referencing new table as new_rows
    for each statement execute function inventory.count_opened('mfa-devices');
create trigger count_changed after update on inventory.access_tokens
    referencing old table as old_rows new table as new_rows
    for each statement execute function inventory.count_changed('access-tokens', 'access_token_id');
create trigger count_changed after update on inventory.mfa_devices
    referencing old table as old_rows new table as new_rows
    for each statement execute function inventory.count_changed('mfa-devices', 'device_key');
create trigger count_transitions after insert on inventory.access_token_transitions
    referencing new table as new_rows
    for each statement execute function inventory.count_transitions();
create trigger note_observed_day after insert or update on inventory.scans
    for each row when (new.outcome = 'complete')
    execute function inventory.note_observed_day();

do $$
declare
    counted text;
begin
    foreach counted in array array['daily_changes', 'access_token_daily_transitions', 'observed_days'] loop
        execute format(
            'create trigger guard_only before insert or update on inventory.%I for each statement
                 when (pg_trigger_depth() = 0)
                 execute function inventory.refuse(''counts are kept by the rows that are counted'')', counted);
        execute format(
            'create trigger no_delete before delete on inventory.%I for each statement
                 execute function inventory.refuse(''counts outlive what they count'')', counted);
        execute format(
            'create trigger no_truncate before truncate on inventory.%I for each statement
                 execute function inventory.refuse(''counts outlive what they count'')', counted);
    end loop;
end $$;

-- The days of both listings. Not for readers: a view of reporting tells the days of one.

create view inventory.daily_counts as
with steps as (
    -- Each status begins on the first day: the documented ones, and those that were ever seen.
    select t.account_id, t.source, s.status, s.from_date, known.last_date, sum(s.change_count) as change_count
    from inventory.targets t
    cross join lateral (
        select min(d.known_date) as first_date, greatest(max(d.known_date), (now() at time zone 'UTC')::date) as last_date
        from (
            select c.change_date
            from inventory.daily_changes c
            where c.account_id = t.account_id and c.source = t.source
            union all
            select o.observed_date
            from inventory.observed_days o
            where o.account_id = t.account_id and o.source = t.source
        ) as d (known_date)
    ) as known
    cross join lateral (
        select documented.status, known.first_date, 0
        from (
            values
                ('access-tokens', 'unactivated'), ('access-tokens', 'activated'), ('access-tokens', 'expired'),
                ('mfa-devices', 'bound'), ('mfa-devices', 'unbound')
        ) as documented (source, status)
        where documented.source = t.source
        union all
        select c.status, step.from_date, step.change_count
        from inventory.daily_changes c
        cross join lateral (values (known.first_date, 0), (c.change_date, c.change_count)) as step (from_date, change_count)
        where c.account_id = t.account_id and c.source = t.source
    ) as s (status, from_date, change_count)
    where known.first_date is not null
    group by t.account_id, t.source, s.status, s.from_date, known.last_date
),
sums as (
    -- One sum a change, not a day: the days between two changes are filled in below.
    select
        s.account_id, s.source, s.status, s.from_date,
        coalesce(lead(s.from_date) over changes, s.last_date + 1) as until_date,
        sum(s.change_count) over changes as object_count
    from steps s
    window changes as (partition by s.account_id, s.source, s.status order by s.from_date)
)
select
    s.account_id,
    s.source,
    s.from_date + passed.day_count as count_date,
    s.status,
    s.object_count::bigint as object_count,
    o.observed_date is not null as is_observed
from sums s
cross join lateral generate_series(0, s.until_date - s.from_date - 1) as passed (day_count)
left join inventory.observed_days o
    on  o.account_id = s.account_id
    and o.source = s.source
    and o.observed_date = s.from_date + passed.day_count;
comment on view inventory.daily_counts is 'How many objects of a listing had each status at the end of each day, from the first day of which anything is known to today. Not for readers: see the daily views of reporting.';
comment on column inventory.daily_counts.account_id is 'The account.';
comment on column inventory.daily_counts.source is 'The listing.';
comment on column inventory.daily_counts.count_date is 'The UTC day.';
comment on column inventory.daily_counts.status is 'Status as reported.';
comment on column inventory.daily_counts.object_count is 'How many objects had the status at the last instant of the day; so far, today.';
comment on column inventory.daily_counts.is_observed is 'Whether a complete scan of the listing began that day.';

create view reporting.access_token_daily_status as
select
    d.account_id,
    a.account_name,
    d.count_date as status_date,
    d.status,
    d.object_count as token_count,
    d.is_observed
from inventory.daily_counts d
left join inventory.accounts a on a.account_id = d.account_id
where d.source = 'access-tokens';

comment on view reporting.access_token_daily_status is 'One row per day and status: how many live activation codes had it at the end of the day, as far as was read by then. Every day from the first that is known to today, without a gap; the documented statuses and every other that the account ever had, those with no code too. A purge changes nothing here.';
comment on column reporting.access_token_daily_status.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_token_daily_status.account_name is 'The operator''s label for the account.';
comment on column reporting.access_token_daily_status.status_date is 'The UTC day.';
comment on column reporting.access_token_daily_status.status is 'Status as reported: unactivated, activated, expired, or another that the account had at some time.';
comment on column reporting.access_token_daily_status.token_count is 'How many live codes had the status at the last instant of the day, as access_tokens_as_of tells it; of today, so far. 0 where none had.';
comment on column reporting.access_token_daily_status.is_observed is 'Whether a complete scan began that day. Where not, the counts are carried forward from the day before, with what scans that were not complete saw.';

create view reporting.mfa_device_daily_status as
select
    d.account_id,
    a.account_name,
    d.count_date as status_date,
    d.status,
    d.object_count as device_count,
    d.is_observed
from inventory.daily_counts d
left join inventory.accounts a on a.account_id = d.account_id
where d.source = 'mfa-devices';

comment on view reporting.mfa_device_daily_status is 'One row per day and status: how many live devices had it at the end of the day, as far as was read by then. Every day from the first that is known to today, without a gap; a status with no device too. A purge changes nothing here.';
comment on column reporting.mfa_device_daily_status.account_id is 'Numeric id of the account, as text.';
comment on column reporting.mfa_device_daily_status.account_name is 'The operator''s label for the account.';
comment on column reporting.mfa_device_daily_status.status_date is 'The UTC day.';
comment on column reporting.mfa_device_daily_status.status is 'bound or unbound.';
comment on column reporting.mfa_device_daily_status.device_count is 'How many live devices had the status at the last instant of the day, as mfa_devices_as_of tells it; of today, so far. 0 where none had.';
comment on column reporting.mfa_device_daily_status.is_observed is 'Whether a complete scan began that day. Where not, the counts are carried forward from the day before, with what scans that were not complete saw.';

create view reporting.access_token_daily_transitions as
select
    d.account_id,
    a.account_name,
    d.transition_date,
    d.from_status,
    d.to_status,
    d.transition_count
from inventory.access_token_daily_transitions d
left join inventory.accounts a on a.account_id = d.account_id;

comment on view reporting.access_token_daily_transitions is 'One row per day and change of status that it saw: how many activation codes changed so. A day without a change has no row. A purge changes nothing here.';
comment on column reporting.access_token_daily_transitions.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_token_daily_transitions.account_name is 'The operator''s label for the account.';
comment on column reporting.access_token_daily_transitions.transition_date is 'The UTC day of estimated_at in access_token_transitions: of the instant itself where it is known, else of the middle of the bounds.';
comment on column reporting.access_token_daily_transitions.from_status is 'The old status; null where the codes appeared after the baseline, deleted where they came back.';
comment on column reporting.access_token_daily_transitions.to_status is 'The new status; deleted where their absence was proven.';
comment on column reporting.access_token_daily_transitions.transition_count is 'How many transitions.';
