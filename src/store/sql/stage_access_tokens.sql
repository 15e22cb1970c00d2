-- `Kept::STAGING` of access tokens: what a scan found to be new or changed, until it is applied.
create temp table staged_access_tokens (
    seq              bigint      not null,
    write            text        not null,
    observed_at      timestamptz not null,
    digest           bigint      not null,
    change_kind      text        not null,
    changed_columns  text        not null, -- joined by commas
    not_before_at    timestamptz,          -- of the transition; null where there is none
    from_status      text,
    occurred_at      timestamptz,
    time_basis       text,
    is_expected      boolean,
    anomaly          text,
    anomalies        jsonb       not null, -- [{"kind": …, "detail": …}]
    access_token_id  text        not null,
    status           text        not null,
    token_name       text,
    description      text,
    ttl_days         integer,
    max_use_count    integer,
    registered_count integer,
    created_at       timestamptz,
    extra            jsonb       not null
)
