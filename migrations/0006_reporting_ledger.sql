-- The ledger as people read it: scans, how fresh each target is, what was odd, what was purged.

create view reporting.scans as
select
    s.account_id,
    a.account_name,
    s.scan_id,
    s.source,
    s.outcome,
    s.started_at,
    s.finished_at,
    s.applied_at,
    s.page_count,
    s.item_count,
    s.distinct_count,
    s.rejected_count,
    s.total_first,
    s.total_last,
    s.attempt_count,
    s.new_count,
    s.changed_count,
    s.unchanged_count,
    s.transition_count,
    s.deleted_count,
    s.held_count,
    s.anomaly_count,
    s.skew_seconds,
    s.error_code,
    s.error_message,
    s.worker_version
from inventory.scans s
left join inventory.accounts a on a.account_id = s.account_id;

comment on view reporting.scans is 'One row per scan, with the evidence of what it saw; partial refreshes of selected codes are among them and never count as complete.';
comment on column reporting.scans.account_id is 'Numeric id of the account, as text.';
comment on column reporting.scans.account_name is 'The operator''s label for the account.';
comment on column reporting.scans.scan_id is 'Identifies the scan; grows in the order in which scans begin.';
comment on column reporting.scans.source is 'The listing that was read: access-tokens or mfa-devices.';
comment on column reporting.scans.outcome is 'complete: proven and applied; held: proven, but the deletes wait for an approval; incomplete: not proven, nothing deleted; failed: not applied; running; abandoned: stopped or overtaken.';
comment on column reporting.scans.started_at is 'When the scan began, by the worker''s clock.';
comment on column reporting.scans.finished_at is 'When it ended; null while it runs.';
comment on column reporting.scans.applied_at is 'When its observations were applied, all in one transaction; null where none were.';
comment on column reporting.scans.page_count is 'Answers read, look-ups included.';
comment on column reporting.scans.item_count is 'Items in those answers, repeats included.';
comment on column reporting.scans.distinct_count is 'Distinct objects seen by the last attempt.';
comment on column reporting.scans.rejected_count is 'Items without a usable id.';
comment on column reporting.scans.total_first is 'TotalCount of the first page of the last attempt; null for a listing without total.';
comment on column reporting.scans.total_last is 'TotalCount of the last page of the last attempt; null for a listing without total.';
comment on column reporting.scans.attempt_count is 'Readings of the listing that this scan took.';
comment on column reporting.scans.new_count is 'Objects opened, those that came back included.';
comment on column reporting.scans.changed_count is 'Live objects that got a new version or a new RegisteredCount.';
comment on column reporting.scans.unchanged_count is 'Objects seen exactly as they are kept.';
comment on column reporting.scans.transition_count is 'Status transitions recorded.';
comment on column reporting.scans.deleted_count is 'Objects whose absence was proven.';
comment on column reporting.scans.held_count is 'Proven absences that the brake kept from being recorded.';
comment on column reporting.scans.anomaly_count is 'Anomalies recorded.';
comment on column reporting.scans.skew_seconds is 'The worker''s clock minus the API''s, in seconds, the largest in size; null where the API told no time.';
comment on column reporting.scans.error_code is 'Why it is not complete, as a code; null for a complete scan.';
comment on column reporting.scans.error_message is 'The same in words, with the mend; null for a complete scan.';
comment on column reporting.scans.worker_version is 'The version of the program that ran the scan.';

create view reporting.freshness as
select
    t.account_id,
    a.account_name,
    t.source,
    t.complete_started_at as data_as_of_at,
    floor(extract(epoch from now() - t.complete_started_at))::bigint as age_seconds,
    t.stale_after_seconds,
    case
        when t.complete_started_at is null then 'never'
        when not t.is_scheduled or t.stale_after_seconds is null then 'off'
        when extract(epoch from now() - t.complete_started_at) > t.stale_after_seconds then 'stale'
        when extract(epoch from now() - t.complete_started_at) * 2 > t.stale_after_seconds then 'late'
        else 'fresh'
    end as state,
    case t.source
        when 'access-tokens' then (
            select count(*) from inventory.access_tokens c
            where c.account_id = t.account_id and c.deleted_at is null
        )
        when 'mfa-devices' then (
            select count(*) from inventory.mfa_devices d
            where d.account_id = t.account_id and d.deleted_at is null
        )
    end as live_count,
    (
        select count(*) from inventory.scans s
        where s.account_id = t.account_id
          and s.source = t.source
          and s.scan_id > coalesce(t.complete_scan_id, 0)
          and s.outcome in ('failed', 'incomplete', 'held', 'abandoned')
          and not s.is_partial
    ) as consecutive_failure_count,
    -- An error of the newest scan that ended, not of the newest scan that failed.
    (
        select s.error_message from inventory.scans s
        where s.account_id = t.account_id
          and s.source = t.source
          and s.outcome <> 'running'
          and not s.is_partial
        order by s.scan_id desc
        limit 1
    ) as last_error
from inventory.targets t
left join inventory.accounts a on a.account_id = t.account_id;

comment on view reporting.freshness is 'One row per account and source: how old the data is, counting complete scans only, and what keeps it from being newer.';
comment on column reporting.freshness.account_id is 'Numeric id of the account, as text.';
comment on column reporting.freshness.account_name is 'The operator''s label for the account.';
comment on column reporting.freshness.source is 'The listing: access-tokens or mfa-devices.';
comment on column reporting.freshness.data_as_of_at is 'When the last complete scan began: the data is true as of then. Null before the first.';
comment on column reporting.freshness.age_seconds is 'Whole seconds since data_as_of_at; null before the first complete scan.';
comment on column reporting.freshness.stale_after_seconds is 'Age in seconds beyond which the target is stale; null while it is not scheduled.';
comment on column reporting.freshness.state is 'never: no complete scan yet; off: has data, but is not scanned on a schedule; fresh: at most half of stale_after_seconds old; late: older than that; stale: older than stale_after_seconds.';
comment on column reporting.freshness.live_count is 'Live objects of the target.';
comment on column reporting.freshness.consecutive_failure_count is 'Scans since the last complete one that ended failed, incomplete, held or abandoned; partial refreshes and running scans do not count.';
comment on column reporting.freshness.last_error is 'What the newest finished scan says went wrong; null where it was complete, or none has finished. Partial refreshes do not count.';

create view reporting.anomalies as
select
    n.account_id,
    a.account_name,
    n.anomaly_id,
    n.source,
    n.object_id,
    n.kind,
    n.detail,
    n.scan_id,
    n.detected_at
from inventory.anomalies n
left join inventory.accounts a on a.account_id = n.account_id;

comment on view reporting.anomalies is 'One row per oddity that a scan met: recorded beside the facts, which stay as reported.';
comment on column reporting.anomalies.account_id is 'Numeric id of the account, as text.';
comment on column reporting.anomalies.account_name is 'The operator''s label for the account.';
comment on column reporting.anomalies.anomaly_id is 'Identifies the anomaly; grows in the order of recording.';
comment on column reporting.anomalies.source is 'The listing in which it was met: access-tokens or mfa-devices.';
comment on column reporting.anomalies.object_id is 'The access_token_id, or the device_key as text.';
comment on column reporting.anomalies.kind is 'What kind of oddity, for instance unreadable_field, impossible_transition or live_after_expiry.';
comment on column reporting.anomalies.detail is 'What exactly, the original text included unless it could name a person.';
comment on column reporting.anomalies.scan_id is 'The scan that met it.';
comment on column reporting.anomalies.detected_at is 'When it was observed.';

create view reporting.retention_log as
select
    p.account_id,
    a.account_name,
    p.dataset,
    p.cutoff_at,
    p.is_dry_run,
    p.matched_count,
    p.held_count,
    p.deleted_count,
    p.started_at,
    p.finished_at
from inventory.retention_log p
left join inventory.accounts a on a.account_id = p.account_id;

comment on view reporting.retention_log is 'One row per purge of one dataset of one account, dry runs included.';
comment on column reporting.retention_log.account_id is 'Numeric id of the account, as text.';
comment on column reporting.retention_log.account_name is 'The operator''s label for the account.';
comment on column reporting.retention_log.dataset is 'What was purged, for instance access_token_history.';
comment on column reporting.retention_log.cutoff_at is 'Rows that ended before this instant were let go.';
comment on column reporting.retention_log.is_dry_run is 'True where nothing was deleted on purpose.';
comment on column reporting.retention_log.matched_count is 'Rows that ended before the cutoff.';
comment on column reporting.retention_log.held_count is 'Those of them that a legal hold kept.';
comment on column reporting.retention_log.deleted_count is 'Rows that were deleted.';
comment on column reporting.retention_log.started_at is 'When the purge began.';
comment on column reporting.retention_log.finished_at is 'When it ended; null where it did not.';
