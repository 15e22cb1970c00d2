-- `Kept::STAGING` of MFA devices: what a scan found to be new or changed, until it is applied.
create temp table staged_mfa_devices (
    seq                 bigint      not null,
    write               text        not null,
    observed_at         timestamptz not null,
    digest              bigint      not null,
    change_kind         text        not null,
    changed_columns     text        not null, -- joined by commas
    not_before_at       timestamptz,          -- of the transition; null where there is none
    from_status         text,
    occurred_at         timestamptz,
    time_basis          text,
    is_expected         boolean,
    anomaly             text,
    anomalies           jsonb       not null, -- [{"kind": …, "detail": …}]
    serial_number       text        not null,
    status              text        not null,
    user_id             text,
    user_principal_name text,
    display_name        text,
    activated_at        timestamptz,
    extra               jsonb       not null
)
