-- Activation codes as they are: all of them, the live ones, and the ones to look after.

create view reporting.access_tokens_all as
select
    t.account_id,
    a.account_name,
    t.access_token_id,
    t.token_name,
    t.description,
    t.status,
    c.effective_status,
    t.status_since_at,
    t.created_at,
    t.expires_at,
    floor(extract(epoch from t.expires_at - m.judged_at) / 86400)::integer as days_until_expiry,
    t.ttl_days,
    t.max_use_count,
    t.registered_count,
    -- greatest() would take a null for 0.
    case when c.is_exhausted then 0 else t.max_use_count - t.registered_count end as remaining_use_count,
    round(t.registered_count::numeric / nullif(t.max_use_count, 0), 4) as utilisation_ratio,
    c.is_exhausted,
    t.deleted_at is null and c.effective_status = 'activated' and not c.is_exhausted as is_usable,
    t.first_seen_at,
    case
        when t.deleted_at is null then greatest(g.complete_started_at, t.valid_from_at)
        else greatest(
            (
                select x.not_before_at from inventory.access_token_transitions x
                where x.account_id = t.account_id
                  and x.access_token_id = t.access_token_id
                  and x.not_after_at = t.deleted_at
                  and x.to_status = 'deleted'
            ),
            t.valid_from_at
        )
    end as last_seen_at,
    coalesce(t.deleted_at, t.valid_from_at) as last_changed_at,
    t.version_no,
    t.deleted_at is not null as is_deleted,
    t.deleted_at
from inventory.access_tokens t
left join inventory.accounts a on a.account_id = t.account_id
left join inventory.targets g on g.account_id = t.account_id and g.source = 'access-tokens'
-- A deleted code is judged as it stood when it went.
cross join lateral (select coalesce(t.deleted_at, now()) as judged_at) m
cross join lateral (
    select
        case
            when t.status in ('activated', 'unactivated') and t.expires_at <= m.judged_at then 'expired'
            else t.status
        end as effective_status,
        t.registered_count >= t.max_use_count as is_exhausted
) c;

comment on view reporting.access_tokens_all is 'One row per activation code that was ever seen, deleted ones included.';
comment on column reporting.access_tokens_all.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_tokens_all.account_name is 'The operator''s label for the account.';
comment on column reporting.access_tokens_all.access_token_id is 'AccessTokenId.';
comment on column reporting.access_tokens_all.token_name is 'Name; null where the API sent none.';
comment on column reporting.access_tokens_all.description is 'Description; null where the API sent none.';
comment on column reporting.access_tokens_all.status is 'Status as the API last reported it: activated, unactivated, expired, or a value that may come.';
comment on column reporting.access_tokens_all.effective_status is 'expired where the API still says activated or unactivated although expires_at has passed, else the reported status. A deleted code is judged at deleted_at.';
comment on column reporting.access_tokens_all.status_since_at is 'When this status was first read; when it began is in access_token_lifecycle.';
comment on column reporting.access_tokens_all.created_at is 'CreationTime; null where it could not be read.';
comment on column reporting.access_tokens_all.expires_at is 'Computed: created_at + ttl_days x 24 h; null where either is unknown. A code that was disabled before stopped working before.';
comment on column reporting.access_tokens_all.days_until_expiry is 'Whole days of 24 h until expires_at, rounded down: 0 on the last day, negative after it; null without expires_at. Of a deleted code: what was left at deleted_at.';
comment on column reporting.access_tokens_all.ttl_days is 'TimeToLiveInDays; null where it could not be read.';
comment on column reporting.access_tokens_all.max_use_count is 'Count: how many sources may register with the code; null where it could not be read.';
comment on column reporting.access_tokens_all.registered_count is 'RegisteredCount: how many have, as last reported; null where it could not be read.';
comment on column reporting.access_tokens_all.remaining_use_count is 'How many may still register, never below 0; null where a count is unknown.';
comment on column reporting.access_tokens_all.utilisation_ratio is 'registered_count / max_use_count, to four digits, 1 when used up; null where a count is unknown or max_use_count is 0.';
comment on column reporting.access_tokens_all.is_exhausted is 'Whether registered_count has reached max_use_count; null where a count is unknown.';
comment on column reporting.access_tokens_all.is_usable is 'Whether a source can register: live, effectively activated and not exhausted. The API does not document whether an unactivated code can be used; it counts as unusable. Null for an activated code of unknown counts: filter with is not false to be on the safe side.';
comment on column reporting.access_tokens_all.first_seen_at is 'When the code was first read.';
comment on column reporting.access_tokens_all.last_seen_at is 'The latest instant at which the code is proven to have existed: of a live code, the start of the last complete scan, or its own last change if later; of a deleted one, the last proof before its absence was found.';
comment on column reporting.access_tokens_all.last_changed_at is 'When the last change other than of registered_count was read; of a deleted code, deleted_at.';
comment on column reporting.access_tokens_all.version_no is 'Number of its last version in access_token_history, from 1.';
comment on column reporting.access_tokens_all.is_deleted is 'Whether its absence is proven.';
comment on column reporting.access_tokens_all.deleted_at is 'When its absence was proven; the bounds of its deletion are in access_token_transitions. Null for a live code.';

create view reporting.access_tokens as
select
    t.account_id,
    t.account_name,
    t.access_token_id,
    t.token_name,
    t.description,
    t.status,
    t.effective_status,
    t.status_since_at,
    t.created_at,
    t.expires_at,
    t.days_until_expiry,
    t.ttl_days,
    t.max_use_count,
    t.registered_count,
    t.remaining_use_count,
    t.utilisation_ratio,
    t.is_exhausted,
    t.is_usable,
    t.first_seen_at,
    t.last_seen_at,
    t.last_changed_at,
    t.version_no
from reporting.access_tokens_all t
where t.deleted_at is null;

comment on view reporting.access_tokens is 'One row per live activation code.';
comment on column reporting.access_tokens.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_tokens.account_name is 'The operator''s label for the account.';
comment on column reporting.access_tokens.access_token_id is 'AccessTokenId.';
comment on column reporting.access_tokens.token_name is 'Name; null where the API sent none.';
comment on column reporting.access_tokens.description is 'Description; null where the API sent none.';
comment on column reporting.access_tokens.status is 'Status as the API last reported it: activated, unactivated, expired, or a value that may come.';
comment on column reporting.access_tokens.effective_status is 'expired where the API still says activated or unactivated although expires_at has passed, else the reported status.';
comment on column reporting.access_tokens.status_since_at is 'When this status was first read; when it began is in access_token_lifecycle.';
comment on column reporting.access_tokens.created_at is 'CreationTime; null where it could not be read.';
comment on column reporting.access_tokens.expires_at is 'Computed: created_at + ttl_days x 24 h; null where either is unknown. A code that was disabled before stopped working before.';
comment on column reporting.access_tokens.days_until_expiry is 'Whole days of 24 h until expires_at, rounded down: 0 on the last day, negative after it; null without expires_at.';
comment on column reporting.access_tokens.ttl_days is 'TimeToLiveInDays; null where it could not be read.';
comment on column reporting.access_tokens.max_use_count is 'Count: how many sources may register with the code; null where it could not be read.';
comment on column reporting.access_tokens.registered_count is 'RegisteredCount: how many have, as last reported; null where it could not be read.';
comment on column reporting.access_tokens.remaining_use_count is 'How many may still register, never below 0; null where a count is unknown.';
comment on column reporting.access_tokens.utilisation_ratio is 'registered_count / max_use_count, to four digits, 1 when used up; null where a count is unknown or max_use_count is 0.';
comment on column reporting.access_tokens.is_exhausted is 'Whether registered_count has reached max_use_count; null where a count is unknown.';
comment on column reporting.access_tokens.is_usable is 'Whether a source can register: effectively activated and not exhausted. The API does not document whether an unactivated code can be used; it counts as unusable. Null for an activated code of unknown counts: filter with is not false to be on the safe side.';
comment on column reporting.access_tokens.first_seen_at is 'When the code was first read.';
comment on column reporting.access_tokens.last_seen_at is 'The latest instant at which the code is proven to exist: the start of the last complete scan, or its own last change if later.';
comment on column reporting.access_tokens.last_changed_at is 'When the last change other than of registered_count was read.';
comment on column reporting.access_tokens.version_no is 'Number of its open version in access_token_history, from 1.';

create view reporting.access_tokens_expiring_soon as
select
    t.account_id,
    t.account_name,
    t.access_token_id,
    t.token_name,
    t.status,
    t.expires_at,
    t.days_until_expiry,
    -- In hours: a day can be 23 or 25 of them where clocks change.
    case
        when t.expires_at <= now() + interval '24 hours' then '1 day'
        when t.expires_at <= now() + interval '168 hours' then '7 days'
        when t.expires_at <= now() + interval '336 hours' then '14 days'
        else '30 days'
    end as expiry_bucket,
    t.remaining_use_count
from reporting.access_tokens t
where t.status <> 'expired'
  and t.expires_at > now()
  and t.expires_at <= now() + interval '720 hours';

comment on view reporting.access_tokens_expiring_soon is 'One row per live code that has not expired and will within 30 days of 24 h.';
comment on column reporting.access_tokens_expiring_soon.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_tokens_expiring_soon.account_name is 'The operator''s label for the account.';
comment on column reporting.access_tokens_expiring_soon.access_token_id is 'AccessTokenId.';
comment on column reporting.access_tokens_expiring_soon.token_name is 'Name; null where the API sent none.';
comment on column reporting.access_tokens_expiring_soon.status is 'Status as reported; never expired here.';
comment on column reporting.access_tokens_expiring_soon.expires_at is 'Computed: created_at + ttl_days x 24 h; always in the future here.';
comment on column reporting.access_tokens_expiring_soon.days_until_expiry is 'Whole days of 24 h until expires_at, rounded down: 0 on the last day.';
comment on column reporting.access_tokens_expiring_soon.expiry_bucket is 'The shortest of these within which it expires: 1 day, 7 days, 14 days, 30 days.';
comment on column reporting.access_tokens_expiring_soon.remaining_use_count is 'How many sources may still register; null where a count is unknown.';

create view reporting.access_tokens_unused as
select
    t.account_id,
    t.account_name,
    t.access_token_id,
    t.token_name,
    t.effective_status,
    t.created_at,
    t.expires_at,
    floor(extract(epoch from now() - t.created_at) / 86400)::integer as age_days
from reporting.access_tokens t
where t.registered_count = 0;

comment on view reporting.access_tokens_unused is 'One row per live code with which no source has registered. Codes of unknown registered_count are left out.';
comment on column reporting.access_tokens_unused.account_id is 'Numeric id of the account, as text.';
comment on column reporting.access_tokens_unused.account_name is 'The operator''s label for the account.';
comment on column reporting.access_tokens_unused.access_token_id is 'AccessTokenId.';
comment on column reporting.access_tokens_unused.token_name is 'Name; null where the API sent none.';
comment on column reporting.access_tokens_unused.effective_status is 'Status as reported, or expired where expires_at has passed.';
comment on column reporting.access_tokens_unused.created_at is 'CreationTime; null where it could not be read.';
comment on column reporting.access_tokens_unused.expires_at is 'Computed: created_at + ttl_days x 24 h; null where either is unknown.';
comment on column reporting.access_tokens_unused.age_days is 'Whole days of 24 h since created_at, rounded down; null without it.';
