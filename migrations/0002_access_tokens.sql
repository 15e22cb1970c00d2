-- Activation codes: the current row is the open version, history holds the closed ones.

create table inventory.access_tokens (
    account_id       text        not null,
    access_token_id  text        not null,
    version_no       integer     not null,
    valid_from_at    timestamptz not null,
    first_seen_at    timestamptz not null,
    status           text        not null,
    status_since_at  timestamptz not null,
    token_name       text,
    description      text,
    ttl_days         integer,
    max_use_count    integer,
    registered_count integer,
    created_at       timestamptz,
    expires_at       timestamptz generated always as
                     ((created_at at time zone 'UTC' + ttl_days * interval '24 hours') at time zone 'UTC') stored,
    extra            jsonb       not null,
    digest           bigint      not null,
    change_kind      text        not null,
    changed_columns  text[]      not null,
    scan_id          bigint      not null,
    deleted_at       timestamptz,
    deleted_scan_id  bigint,
    constraint access_tokens_pkey primary key (account_id, access_token_id),
    constraint access_tokens_version_no_positive check (version_no >= 1),
    constraint access_tokens_change_kind_known check (change_kind in ('baseline', 'appeared', 'changed', 'reappeared')),
    constraint access_tokens_counts_not_negative check (ttl_days >= 0 and max_use_count >= 0 and registered_count >= 0),
    constraint access_tokens_deleted_after_open check (deleted_at > valid_from_at),
    constraint access_tokens_tombstone_names_scan check ((deleted_at is null) = (deleted_scan_id is null))
) with (fillfactor = 90); -- room for RegisteredCount to change in place

comment on table inventory.access_tokens is 'Activation codes: the open version of each live code, and the tombstone of each deleted one.';
comment on column inventory.access_tokens.account_id is 'The account.';
comment on column inventory.access_tokens.access_token_id is 'AccessTokenId.';
comment on column inventory.access_tokens.version_no is 'Number of the version, from 1; of a tombstone, its last one.';
comment on column inventory.access_tokens.valid_from_at is 'When this version was first read.';
comment on column inventory.access_tokens.first_seen_at is 'When the code was first read.';
comment on column inventory.access_tokens.status is 'Status as reported.';
comment on column inventory.access_tokens.status_since_at is 'When this status was first read.';
comment on column inventory.access_tokens.token_name is 'Name.';
comment on column inventory.access_tokens.description is 'Description.';
comment on column inventory.access_tokens.ttl_days is 'TimeToLiveInDays.';
comment on column inventory.access_tokens.max_use_count is 'Count: how many sources may register.';
comment on column inventory.access_tokens.registered_count is 'RegisteredCount: kept current, sampled in access_token_usage, opens no version.';
comment on column inventory.access_tokens.created_at is 'CreationTime.';
comment on column inventory.access_tokens.expires_at is 'CreationTime + TimeToLiveInDays x 24 h. Exact only while nobody disabled the code before.';
comment on column inventory.access_tokens.extra is 'Fields that this program does not know or could not read, as sent.';
comment on column inventory.access_tokens.digest is 'Digest of the item as read: an equal digest means an unchanged code.';
comment on column inventory.access_tokens.change_kind is 'Why the version opened: baseline, appeared, changed or reappeared.';
comment on column inventory.access_tokens.changed_columns is 'What differs from the version before; empty for the first.';
comment on column inventory.access_tokens.scan_id is 'The scan that opened the version.';
comment on column inventory.access_tokens.deleted_at is 'When its absence was proven; null for a live code.';
comment on column inventory.access_tokens.deleted_scan_id is 'The scan that proved it; null for a live code.';

create index access_tokens_live_by_expiry on inventory.access_tokens (account_id, expires_at)
    where deleted_at is null and status <> 'expired';

create table inventory.access_token_history (
    account_id       text        not null,
    access_token_id  text        not null,
    version_no       integer     not null,
    valid_from_at    timestamptz not null,
    valid_to_at      timestamptz not null,
    status           text        not null,
    token_name       text,
    description      text,
    ttl_days         integer,
    max_use_count    integer,
    created_at       timestamptz,
    expires_at       timestamptz,
    extra            jsonb       not null,
    change_kind      text        not null,
    changed_columns  text[]      not null,
    close_reason     text        not null,
    scan_id          bigint      not null,
    closed_scan_id   bigint      not null,
    constraint access_token_history_pkey primary key (account_id, access_token_id, version_no),
    constraint access_token_history_period_not_empty check (valid_from_at < valid_to_at),
    constraint access_token_history_close_reason_known check (close_reason in ('superseded', 'deleted')),
    -- The hash comes first: it is eight times cheaper than a text key there. Two codes of one
    -- account that share a 64-bit hash and overlap would be refused too; at a million codes the
    -- chance of one such pair is 3 in 100 million.
    constraint access_token_history_no_overlap exclude using gist (
        hashtextextended(access_token_id, 0) with =,
        account_id with =,
        tstzrange(valid_from_at, valid_to_at) with &&
    )
);
comment on table inventory.access_token_history is 'Closed versions of activation codes; append-only, written by the guard of access_tokens alone.';
comment on column inventory.access_token_history.account_id is 'The account.';
comment on column inventory.access_token_history.access_token_id is 'AccessTokenId.';
comment on column inventory.access_token_history.version_no is 'Number of the version, from 1.';
comment on column inventory.access_token_history.valid_from_at is 'When this version was first read.';
comment on column inventory.access_token_history.valid_to_at is 'When the next version was first read, or the absence proven.';
comment on column inventory.access_token_history.status is 'Status as reported.';
comment on column inventory.access_token_history.token_name is 'Name.';
comment on column inventory.access_token_history.description is 'Description.';
comment on column inventory.access_token_history.ttl_days is 'TimeToLiveInDays.';
comment on column inventory.access_token_history.max_use_count is 'Count.';
comment on column inventory.access_token_history.created_at is 'CreationTime.';
comment on column inventory.access_token_history.expires_at is 'CreationTime + TimeToLiveInDays x 24 h.';
comment on column inventory.access_token_history.extra is 'Fields that this program does not know or could not read, as sent.';
comment on column inventory.access_token_history.change_kind is 'Why the version opened.';
comment on column inventory.access_token_history.changed_columns is 'What differs from the version before.';
comment on column inventory.access_token_history.close_reason is 'superseded by the next version, or deleted.';
comment on column inventory.access_token_history.scan_id is 'The scan that opened the version.';
comment on column inventory.access_token_history.closed_scan_id is 'The scan that closed it.';

create index access_token_history_by_end on inventory.access_token_history (account_id, valid_to_at);

create table inventory.access_token_transitions (
    account_id      text        not null,
    access_token_id text        not null,
    not_before_at   timestamptz not null,
    not_after_at    timestamptz not null,
    from_status     text,
    to_status       text        not null,
    occurred_at     timestamptz,
    time_basis      text        not null,
    is_expected     boolean     not null,
    anomaly         text,
    scan_id         bigint      not null,
    constraint access_token_transitions_pkey primary key (account_id, access_token_id, not_after_at),
    constraint access_token_transitions_bounds check (not_before_at <= not_after_at),
    constraint access_token_transitions_occurred_within check (occurred_at between not_before_at and not_after_at),
    constraint access_token_transitions_basis_known check (time_basis in ('created', 'expiry', 'bounded')),
    constraint access_token_transitions_basis_gives_instant check ((occurred_at is null) = (time_basis = 'bounded')),
    -- The statuses are an open set: a code that the API itself calls deleted may vanish, too.
    constraint access_token_transitions_is_a_change check (
        from_status is distinct from to_status or to_status = 'deleted'
    ),
    constraint access_token_transitions_unexpected_says_why check (is_expected or anomaly is not null)
);
comment on table inventory.access_token_transitions is 'Changes of status of activation codes, with honest time bounds; append-only.';
comment on column inventory.access_token_transitions.account_id is 'The account.';
comment on column inventory.access_token_transitions.access_token_id is 'AccessTokenId.';
comment on column inventory.access_token_transitions.not_before_at is 'The latest instant at which the old state is proven.';
comment on column inventory.access_token_transitions.not_after_at is 'When the new state was first read.';
comment on column inventory.access_token_transitions.from_status is 'The old status; null where the code appeared after the baseline, deleted where it came back.';
comment on column inventory.access_token_transitions.to_status is 'The new status; deleted for a tombstone.';
comment on column inventory.access_token_transitions.occurred_at is 'The instant itself, where it is known and lies within the bounds; else null.';
comment on column inventory.access_token_transitions.time_basis is 'Where occurred_at comes from: created (CreationTime), expiry (computed), or bounded (unknown).';
comment on column inventory.access_token_transitions.is_expected is 'False for a change that cannot happen, such as expired to activated.';
comment on column inventory.access_token_transitions.anomaly is 'What is odd about the transition; null where nothing is.';
comment on column inventory.access_token_transitions.scan_id is 'The scan that recorded it.';

create index access_token_transitions_by_time on inventory.access_token_transitions (account_id, not_after_at);

create table inventory.access_token_usage (
    account_id       text        not null,
    access_token_id  text        not null,
    seen_at          timestamptz not null,
    registered_count integer     not null,
    previous_count   integer,
    scan_id          bigint      not null,
    constraint access_token_usage_pkey primary key (account_id, access_token_id, seen_at)
);
comment on table inventory.access_token_usage is 'Changes of RegisteredCount of known codes; append-only. The count before the first change is its previous_count.';
comment on column inventory.access_token_usage.account_id is 'The account.';
comment on column inventory.access_token_usage.access_token_id is 'AccessTokenId.';
comment on column inventory.access_token_usage.seen_at is 'When the count was first read.';
comment on column inventory.access_token_usage.registered_count is 'RegisteredCount.';
comment on column inventory.access_token_usage.previous_count is 'The count before; null where it was unknown.';
comment on column inventory.access_token_usage.scan_id is 'The scan that read it.';
