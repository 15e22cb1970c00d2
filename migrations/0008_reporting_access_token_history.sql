-- What activation codes were: versions, the state at an instant, transitions, usage.

create view reporting.access_token_history as
select
    v.account_id,
    a.account_name,
    v.access_token_id,
    v.version_no,
    v.valid_from_at,
    v.valid_to_at,
    v.valid_to_at is null as is_current,
    v.status,
    v.token_name,
    v.description,
    v.ttl_days,
    v.max_use_count,
    v.created_at,
    v.expires_at,
    v.change_kind,
    array_to_string(v.changed_columns, ',') as changed_columns,
    v.close_reason,
    v.scan_id
from (
    select
        h.account_id, h.access_token_id, h.version_no, h.valid_from_at, h.valid_to_at, h.status, h.token_name,
        h.description, h.ttl_days, h.max_use_count, h.created_at, h.expires_at, h.change_kind, h.changed_columns,
        h.close_reason, h.scan_id
    from inventory.access_token_history h
    union all
    -- The last version of a tombstone is closed and stands above.
    select
        t.account_id, t.access_token_id, t.version_no, t.valid_from_at, null, t.status, t.token_name,
        t.description, t.ttl_days, t.max_use_count, t.created_at, t.expires_at, t.change_kind, t.changed_columns,
        null, t.scan_id
    from inventory.access_tokens t
    where t.deleted_at is null
) v
left join inventory.accounts a on a.account_id = v.account_id;

comment on view reporting.access_token_history is 'One row per version of an activation code: what it was from valid_from_at up to, not including, valid_to_at. Versions of a code never overlap. RegisteredCount opens no version: see access_token_usage.';
comment on column reporting.access_token_history.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_token_history.account_name is 'The operator''s label for the account.';
comment on column reporting.access_token_history.access_token_id is 'AccessTokenId.';
comment on column reporting.access_token_history.version_no is 'Number of the version of the code, from 1.';
comment on column reporting.access_token_history.valid_from_at is 'When this version was first read.';
comment on column reporting.access_token_history.valid_to_at is 'When the next version was first read, or the absence proven; null for the current version.';
comment on column reporting.access_token_history.is_current is 'Whether the version holds now; a deleted code has none that does.';
comment on column reporting.access_token_history.status is 'Status as reported.';
comment on column reporting.access_token_history.token_name is 'Name; null where the API sent none.';
comment on column reporting.access_token_history.description is 'Description; null where the API sent none.';
comment on column reporting.access_token_history.ttl_days is 'TimeToLiveInDays; null where it could not be read.';
comment on column reporting.access_token_history.max_use_count is 'Count; null where it could not be read.';
comment on column reporting.access_token_history.created_at is 'CreationTime; null where it could not be read.';
comment on column reporting.access_token_history.expires_at is 'Computed: created_at + ttl_days x 24 h; null where either is unknown.';
comment on column reporting.access_token_history.change_kind is 'Why the version opened: baseline (the first complete scan found it), appeared, changed, or reappeared after its absence was proven.';
comment on column reporting.access_token_history.changed_columns is 'What differs from the version before, comma separated; empty for the first. extra stands for fields outside this view.';
comment on column reporting.access_token_history.close_reason is 'Why it ended: superseded by the next version, or deleted; null for the current version.';
comment on column reporting.access_token_history.scan_id is 'The scan that opened the version.';

-- Plain SQL, stable and neither strict nor security definer: the planner puts the
-- body in place of the call, so that a filter on the result reaches the indexes.
create function reporting.access_tokens_as_of(instant timestamptz)
    returns table (
        account_id      text,
        account_name    text,
        access_token_id text,
        version_no      integer,
        valid_from_at   timestamptz,
        valid_to_at     timestamptz,
        status          text,
        token_name      text,
        description     text,
        ttl_days        integer,
        max_use_count   integer,
        created_at      timestamptz,
        expires_at      timestamptz,
        change_kind     text,
        changed_columns text,
        close_reason    text,
        scan_id         bigint
    )
    language sql stable
begin atomic
    select
        v.account_id, v.account_name, v.access_token_id, v.version_no, v.valid_from_at, v.valid_to_at, v.status,
        v.token_name, v.description, v.ttl_days, v.max_use_count, v.created_at, v.expires_at, v.change_kind,
        v.changed_columns, v.close_reason, v.scan_id
    from reporting.access_token_history v
    where v.valid_from_at <= access_tokens_as_of.instant
      and (v.valid_to_at is null or v.valid_to_at > access_tokens_as_of.instant);
end;
comment on function reporting.access_tokens_as_of is 'The activation codes as the history held them at an instant: at most one version a code, with the columns of access_token_history. valid_to_at and close_reason tell what came after.';

create view reporting.access_token_transitions as
select
    x.account_id,
    a.account_name,
    x.access_token_id,
    x.from_status,
    x.to_status,
    x.not_before_at,
    x.not_after_at,
    x.occurred_at,
    coalesce(x.occurred_at, x.not_before_at + (x.not_after_at - x.not_before_at) / 2) as estimated_at,
    x.occurred_at is not null as is_exact,
    case
        when x.occurred_at is not null then 0
        else extract(epoch from x.not_after_at - x.not_before_at)
    end::double precision as uncertainty_seconds,
    x.time_basis,
    x.is_expected,
    x.anomaly,
    x.scan_id
from inventory.access_token_transitions x
left join inventory.accounts a on a.account_id = x.account_id;

comment on view reporting.access_token_transitions is 'One row per change of status of an activation code. It happened between not_before_at and not_after_at, both included; the baseline saw no change and has no row here.';
comment on column reporting.access_token_transitions.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_token_transitions.account_name is 'The operator''s label for the account.';
comment on column reporting.access_token_transitions.access_token_id is 'AccessTokenId.';
comment on column reporting.access_token_transitions.from_status is 'The old status; null where the code appeared after the baseline, deleted where it came back.';
comment on column reporting.access_token_transitions.to_status is 'The new status; deleted where its absence was proven.';
comment on column reporting.access_token_transitions.not_before_at is 'The latest instant at which the old state is proven.';
comment on column reporting.access_token_transitions.not_after_at is 'When the new state was first read.';
comment on column reporting.access_token_transitions.occurred_at is 'The instant itself, where it can be known and lies within the bounds; else null. Of an expiry it is exact only if nobody disabled the code within the same bounds.';
comment on column reporting.access_token_transitions.estimated_at is 'occurred_at, or else the middle of the bounds: for charts, not for evidence.';
comment on column reporting.access_token_transitions.is_exact is 'Whether occurred_at is known.';
comment on column reporting.access_token_transitions.uncertainty_seconds is 'Seconds between the bounds; 0 where the instant is known.';
comment on column reporting.access_token_transitions.time_basis is 'Where occurred_at comes from: created (CreationTime), expiry (computed), or bounded (not known).';
comment on column reporting.access_token_transitions.is_expected is 'False for a change that cannot happen, such as expired to activated.';
comment on column reporting.access_token_transitions.anomaly is 'What is odd about it, in words; null where nothing is.';
comment on column reporting.access_token_transitions.scan_id is 'The scan that recorded it.';

create view reporting.access_token_usage as
select
    u.account_id,
    a.account_name,
    u.access_token_id,
    u.seen_at,
    (u.seen_at at time zone 'UTC')::date as seen_date,
    u.registered_count,
    u.previous_count,
    u.registered_count - u.previous_count as added_count
from inventory.access_token_usage u
left join inventory.accounts a on a.account_id = u.account_id;

comment on view reporting.access_token_usage is 'One row per change of RegisteredCount of a known code. The count at first sight is the previous_count of the first change.';
comment on column reporting.access_token_usage.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_token_usage.account_name is 'The operator''s label for the account.';
comment on column reporting.access_token_usage.access_token_id is 'AccessTokenId.';
comment on column reporting.access_token_usage.seen_at is 'When the new count was first read; the sources registered before, after the scan before.';
comment on column reporting.access_token_usage.seen_date is 'The UTC day of seen_at.';
comment on column reporting.access_token_usage.registered_count is 'RegisteredCount: how many sources have registered.';
comment on column reporting.access_token_usage.previous_count is 'The count before; null where it was unknown.';
comment on column reporting.access_token_usage.added_count is 'How many sources registered in between; negative where the count fell, which is also an anomaly; null without previous_count.';
