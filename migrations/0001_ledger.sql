-- The ledger: accounts, targets and scans, and what was odd.
--
-- account_id is the first column of every primary key, so that the tables can
-- be distributed by it as they are. All instants are UTC, to the microsecond.

create extension if not exists btree_gist;

create schema inventory;
comment on schema inventory is 'The facts that Stocktake keeps. Private: read the views in schema reporting.';

create table inventory.accounts (
    account_id    text        not null,
    account_name  text        not null,
    first_seen_at timestamptz not null,
    constraint accounts_pkey primary key (account_id),
    constraint accounts_account_id_is_digits check (account_id ~ '^[0-9]+$')
);
comment on table inventory.accounts is 'Alibaba Cloud accounts, by their numeric id.';
comment on column inventory.accounts.account_id is 'Numeric id of the account, as text.';
comment on column inventory.accounts.account_name is 'The operator''s label, from the configuration; follows it.';
comment on column inventory.accounts.first_seen_at is 'When the first scan of the account began.';

create table inventory.targets (
    account_id               text        not null,
    source                   text        not null,
    applied_scan_id          bigint,
    applied_until_at         timestamptz,
    baseline_scan_id         bigint,
    complete_scan_id         bigint,
    complete_started_at      timestamptz,
    is_scheduled             boolean     not null default false,
    stale_after_seconds      bigint,
    constraint targets_pkey primary key (account_id, source),
    constraint targets_source_known check (source in ('access-tokens', 'mfa-devices')),
    constraint targets_stale_after_positive check (stale_after_seconds > 0)
);
comment on table inventory.targets is 'One row per account and source: the fence against stale scans, and how fresh the target is.';
comment on column inventory.targets.account_id is 'The account.';
comment on column inventory.targets.source is 'The listing: access-tokens or mfa-devices.';
comment on column inventory.targets.applied_scan_id is 'The last applied scan of any outcome. A scan remembers it when it begins and may be applied only if it has not moved.';
comment on column inventory.targets.applied_until_at is 'The last instant at which the last applied scan observed anything; a later scan must begin after it.';
comment on column inventory.targets.baseline_scan_id is 'The first complete scan; null before it. Objects opened up to and including it are the baseline.';
comment on column inventory.targets.complete_scan_id is 'The last complete and applied scan; null before the first.';
comment on column inventory.targets.complete_started_at is 'When that scan began: every live object was seen at or after this instant.';
comment on column inventory.targets.is_scheduled is 'Whether the running configuration scans this target on a schedule.';
comment on column inventory.targets.stale_after_seconds is 'Age in seconds from which the target counts as stale; null while it is not scheduled.';

create table inventory.scans (
    account_id            text        not null,
    scan_id               bigint      generated always as identity,
    source                text        not null,
    is_partial            boolean     not null,
    outcome               text        not null,
    started_at            timestamptz not null,
    finished_at           timestamptz,
    applied_at            timestamptz,
    page_count            bigint      not null default 0,
    item_count            bigint      not null default 0,
    distinct_count        bigint      not null default 0,
    rejected_count        bigint      not null default 0,
    total_first           bigint,
    total_last            bigint,
    attempt_count         integer     not null default 0,
    new_count             bigint      not null default 0,
    changed_count         bigint      not null default 0,
    unchanged_count       bigint      not null default 0,
    transition_count      bigint      not null default 0,
    deleted_count         bigint      not null default 0,
    held_count            bigint      not null default 0,
    anomaly_count         bigint      not null default 0,
    skew_seconds          double precision,
    approved_delete_count bigint,
    proof                 text,
    error_code            text,
    error_message         text,
    worker_version        text        not null,
    constraint scans_pkey primary key (account_id, scan_id),
    constraint scans_source_known check (source in ('access-tokens', 'mfa-devices')),
    constraint scans_outcome_known check (outcome in ('complete', 'held', 'incomplete', 'failed', 'running', 'abandoned')),
    constraint scans_running_is_unfinished check ((outcome = 'running') = (finished_at is null)),
    constraint scans_partial_is_never_complete check (not (is_partial and outcome in ('complete', 'held'))),
    constraint scans_only_complete_deletes check (deleted_count = 0 or outcome in ('running', 'complete')),
    constraint scans_failure_says_why check (outcome in ('running', 'complete') or error_message is not null)
);
comment on table inventory.scans is 'The ledger: one row per reading of a target, with the evidence of what it saw.';
comment on column inventory.scans.account_id is 'The account.';
comment on column inventory.scans.scan_id is 'Identifies the scan; grows in the order in which scans begin.';
comment on column inventory.scans.source is 'The listing that was read.';
comment on column inventory.scans.is_partial is 'True for a refresh of selected codes, which never counts as complete and never deletes.';
comment on column inventory.scans.outcome is 'running; complete: proven and applied; held: proven, but the deletes wait for an approval; incomplete: not proven, nothing deleted; failed: not applied; abandoned: stopped or overtaken.';
comment on column inventory.scans.started_at is 'When the scan began, by the worker''s clock.';
comment on column inventory.scans.finished_at is 'When it ended; null while it runs.';
comment on column inventory.scans.applied_at is 'When its observations were applied; null where none were.';
comment on column inventory.scans.page_count is 'Answers read, look-ups included.';
comment on column inventory.scans.item_count is 'Items in those answers, repeats included.';
comment on column inventory.scans.distinct_count is 'Distinct objects seen by the last attempt.';
comment on column inventory.scans.rejected_count is 'Items without a usable id.';
comment on column inventory.scans.total_first is 'TotalCount of the first page of the last attempt; null for a listing without total.';
comment on column inventory.scans.total_last is 'TotalCount of the last page of the last attempt; null for a listing without total.';
comment on column inventory.scans.attempt_count is 'Readings of the listing that this scan took.';
comment on column inventory.scans.new_count is 'Objects opened, those that came back included.';
comment on column inventory.scans.changed_count is 'Live objects that got a new version or a new RegisteredCount.';
comment on column inventory.scans.unchanged_count is 'Objects seen exactly as they are kept; they cost no write.';
comment on column inventory.scans.transition_count is 'Status transitions recorded.';
comment on column inventory.scans.deleted_count is 'Tombstones written.';
comment on column inventory.scans.held_count is 'Proven absences that the brake kept from becoming tombstones.';
comment on column inventory.scans.anomaly_count is 'Anomalies recorded.';
comment on column inventory.scans.skew_seconds is 'The worker''s clock minus the API''s Date header, in seconds, the largest in size; null where the API sent none.';
comment on column inventory.scans.approved_delete_count is 'The ceiling given with sync --approve-deletes; null without one.';
comment on column inventory.scans.proof is 'How completeness was proven, for people; null where it was not.';
comment on column inventory.scans.error_code is 'Why it is not complete: the API''s code or one of Stocktake''s; null for a complete scan.';
comment on column inventory.scans.error_message is 'The same in words, with the mend; null for a complete scan.';
comment on column inventory.scans.worker_version is 'The version of the program that ran the scan.';

create index scans_by_target on inventory.scans (account_id, source, scan_id desc);

create table inventory.anomalies (
    account_id  text        not null,
    anomaly_id  bigint      generated always as identity,
    source      text        not null,
    object_id   text        not null,
    kind        text        not null,
    detail      text        not null,
    scan_id     bigint      not null,
    detected_at timestamptz not null,
    constraint anomalies_pkey primary key (account_id, anomaly_id)
);
comment on table inventory.anomalies is 'What should not have been so: recorded beside the facts, which stay as reported.';
comment on column inventory.anomalies.account_id is 'The account.';
comment on column inventory.anomalies.anomaly_id is 'Identifies the anomaly.';
comment on column inventory.anomalies.source is 'The listing in which it was met.';
comment on column inventory.anomalies.object_id is 'The access_token_id, or the device_key as text.';
comment on column inventory.anomalies.kind is 'What kind of oddity, for instance unreadable_field or impossible_transition.';
comment on column inventory.anomalies.detail is 'What exactly, the original text included.';
comment on column inventory.anomalies.scan_id is 'The scan that met it.';
comment on column inventory.anomalies.detected_at is 'When it was observed.';

create index anomalies_by_object on inventory.anomalies (account_id, source, md5(object_id), kind);

create table inventory.rejected_items (
    account_id    text        not null,
    source        text        not null,
    original_hash text        not null,
    reason        text        not null,
    original      text        not null,
    scan_id       bigint      not null,
    first_seen_at timestamptz not null,
    constraint rejected_items_pkey primary key (account_id, source, original_hash)
);
comment on table inventory.rejected_items is 'Items of a listing that have no usable id, kept as the API sent them.';
comment on column inventory.rejected_items.account_id is 'The account.';
comment on column inventory.rejected_items.source is 'The listing.';
comment on column inventory.rejected_items.original_hash is 'md5 of original, so that the same item is kept once.';
comment on column inventory.rejected_items.reason is 'Why it could not be kept as an object.';
comment on column inventory.rejected_items.original is 'The item as JSON text.';
comment on column inventory.rejected_items.scan_id is 'The first scan that met it.';
comment on column inventory.rejected_items.first_seen_at is 'When that was.';
