-- The state at an instant as far as it can be known: what is certain, and what else is possible.
--
-- Plain SQL, stable and neither strict nor security definer, for the planner to see through;
-- they read views alone, because a function runs with the rights of its caller.
--
-- Both are built alike. `turns` are the changes that may lie around the instant, each with
-- the bounds between which it happened; `steps` say what each makes possible at the instant,
-- beside the version that history holds; what lies before the last known step or behind
-- the first that is surely still to come is left out.

create function reporting.access_token_status_at(instant timestamptz)
    returns table (
        account_id        text,
        account_name      text,
        access_token_id   text,
        status            text,
        is_certain        boolean,
        possible_statuses text,
        not_before_at     timestamptz,
        not_after_at      timestamptz
    )
    language sql stable
begin atomic
    with turns as (
        -- What was later read in another status than before. from_status is null where nobody knows what it was.
        select
            n.account_id, n.account_name, n.access_token_id, n.valid_from_at as read_at, n.status as to_status,
            case
                when p.close_reason = 'deleted' then 'deleted'
                when p.version_no is not null then p.status
                when n.version_no = 1 and x.scan_id is not null then 'absent'
            end as from_status,
            case
                when p.close_reason = 'deleted' then coalesce(x.not_before_at, p.valid_to_at)
                when p.version_no is not null then coalesce(x.not_before_at, p.valid_from_at)
                when n.version_no = 1 then coalesce(x.not_before_at, '-infinity')
                else '-infinity'
            end as not_before_at,
            x.occurred_at,
            case when n.created_at <= n.valid_from_at then n.created_at end as created_at,
            p.close_reason is distinct from 'superseded' as is_arrival,
            p.version_no is null and n.version_no > 1 as is_purged
        from reporting.access_token_history n
        left join reporting.access_token_history p
            on  p.account_id = n.account_id
            and p.access_token_id = n.access_token_id
            and p.version_no = n.version_no - 1
            and not p.is_current
        left join reporting.access_token_transitions x
            on  x.account_id = n.account_id
            and x.access_token_id = n.access_token_id
            and x.not_after_at = n.valid_from_at
            and x.to_status = n.status
        where n.valid_from_at > access_token_status_at.instant
          and (p.status is distinct from n.status or p.close_reason = 'deleted')
        union all
        -- What was later proven gone, and what may be gone since it was last read.
        select
            n.account_id, n.account_name, n.access_token_id, coalesce(n.valid_to_at, 'infinity'), 'deleted', n.status,
            case
                when n.is_current then greatest(f.data_as_of_at, n.valid_from_at)
                else coalesce(x.not_before_at, n.valid_from_at)
            end,
            null, null, false, false
        from reporting.access_token_history n
        left join reporting.access_token_transitions x
            on  x.account_id = n.account_id
            and x.access_token_id = n.access_token_id
            and x.not_after_at = n.valid_to_at
            and x.to_status = 'deleted'
        left join reporting.freshness f on f.account_id = n.account_id and f.source = 'access-tokens'
        where n.is_current
           or (n.close_reason = 'deleted' and n.valid_to_at > access_token_status_at.instant)
    ),
    steps as (
        select
            v.account_id, v.account_name, v.access_token_id, v.valid_from_at as read_at, v.status,
            v.status as possible, true as is_known, false as is_ahead,
            null::timestamptz as not_before_at, null::timestamptz as not_after_at
        from reporting.access_token_history v
        where v.valid_from_at <= access_token_status_at.instant
          and (v.valid_to_at is null or v.valid_to_at > access_token_status_at.instant)
        union all
        select
            t.account_id, t.account_name, t.access_token_id, t.read_at,
            case
                when k.is_known then t.to_status
                when t.is_arrival and b.born_at is null then t.from_status
            end,
            case
                when k.is_known then t.to_status
                -- Whatever it can have been from the old status to the new one; once expired, only gone.
                when b.born_at <= access_token_status_at.instant
                  or (b.born_at is null and t.not_before_at < access_token_status_at.instant)
                then nullif(concat_ws(
                    ',',
                    case when t.is_arrival and b.born_at is null then coalesce(t.from_status, 'absent') end,
                    case
                        when t.from_status is null
                          or (t.from_status not in ('unactivated', 'expired') and t.to_status in ('expired', 'deleted'))
                          or (t.from_status in ('absent', 'deleted') and t.to_status = 'activated')
                        then 'unactivated'
                    end,
                    case
                        when t.from_status is null
                          or (t.from_status not in ('activated', 'expired') and t.to_status in ('expired', 'deleted'))
                        then 'activated'
                    end,
                    case
                        when (t.from_status is null and (t.is_purged or t.to_status = 'expired'))
                          or (t.from_status <> 'expired' and t.to_status = 'deleted')
                        then 'expired'
                    end,
                    case when t.is_purged then 'deleted' end,
                    case
                        when t.occurred_at is null
                         and (t.from_status is not null or t.to_status not in ('unactivated', 'activated', 'expired'))
                        then t.to_status
                    end
                ), '')
            end,
            k.is_known,
            coalesce(greatest(t.occurred_at, b.born_at) > access_token_status_at.instant, false),
            case when not k.is_known then nullif(coalesce(b.born_at, t.not_before_at), '-infinity') end,
            case when not k.is_known then nullif(coalesce(t.occurred_at, t.read_at), 'infinity') end
        from turns t
        cross join lateral (
            select case when t.is_arrival and t.created_at > t.not_before_at then t.created_at end as born_at
        ) b
        cross join lateral (
            select coalesce(t.occurred_at <= access_token_status_at.instant, false) as is_known
        ) k
        where t.not_before_at <= access_token_status_at.instant
          and t.read_at > access_token_status_at.instant
    ),
    ranked as (
        select
            s.account_id, s.account_name, s.access_token_id, s.read_at, s.status, s.possible, s.is_known,
            s.not_before_at, s.not_after_at,
            max(s.read_at) filter (where s.is_known) over life as known_at,
            min(s.read_at) filter (where s.is_ahead) over life as ahead_at
        from steps s
        window life as (partition by s.account_id, s.access_token_id)
    )
    select
        r.account_id,
        max(r.account_name),
        r.access_token_id,
        (array_agg(r.status order by r.read_at))[1],
        bool_and(r.is_known),
        string_agg(r.possible, ',' order by r.read_at),
        min(r.not_before_at),
        max(r.not_after_at)
    from ranked r
    where r.possible is not null
      and r.read_at >= coalesce(r.known_at, '-infinity')
      and r.read_at <= coalesce(r.ahead_at, 'infinity')
    group by r.account_id, r.access_token_id;
end;
comment on function reporting.access_token_status_at is 'What is known of the activation codes at an instant, one row per code that was or may have been there. status: the last status known to have held by then, from the instant itself where occurred_at is known; absent for a code that may not have been there yet, deleted for one that may not have come back; null for one whose status nobody had read. is_certain: whether no other status is possible. possible_statuses: all that are, comma separated, in the order of time; one may stand twice. not_before_at and not_after_at: between which instants it is uncertain; null where it is certain, or without end on that side. After the last complete scan all is uncertain. A status that changed and changed back between two readings cannot be known, and is not counted as possible; nor can what was purged and left no version.';

-- The same of devices: being bound to another user is another state.
create function reporting.mfa_device_status_at(instant timestamptz)
    returns table (
        account_id         text,
        account_name       text,
        device_key         bigint,
        status             text,
        user_key           bigint,
        is_certain         boolean,
        possible_statuses  text,
        possible_user_keys text,
        not_before_at      timestamptz,
        not_after_at       timestamptz
    )
    language sql stable
begin atomic
    with turns as (
        -- What was later read in another state than before. from_status is null where nobody knows what it was.
        select
            n.account_id, n.account_name, n.device_key, n.valid_from_at as read_at, n.status as to_status,
            n.user_key as to_user_key,
            case
                when p.close_reason = 'deleted' then 'deleted'
                when p.version_no is not null then p.status
                when n.version_no = 1 and x.scan_id is not null then 'absent'
            end as from_status,
            case
                when p.close_reason = 'deleted' then coalesce(x.not_before_at, p.valid_to_at)
                when p.version_no is not null then coalesce(x.not_before_at, p.valid_from_at)
                when n.version_no = 1 then coalesce(x.not_before_at, '-infinity')
                else '-infinity'
            end as not_before_at,
            -- Nobody saw the baseline's devices bound, but the API tells when they were.
            case
                when x.scan_id is not null then x.occurred_at
                when p.version_no is null and n.status = 'bound' and n.activated_at <= n.valid_from_at then n.activated_at
            end as occurred_at,
            p.close_reason is distinct from 'superseded' as is_arrival,
            p.version_no is null and n.version_no > 1 as is_purged
        from reporting.mfa_device_history n
        left join reporting.mfa_device_history p
            on  p.account_id = n.account_id
            and p.device_key = n.device_key
            and p.version_no = n.version_no - 1
            and not p.is_current
        left join reporting.mfa_device_transitions x
            on  x.account_id = n.account_id
            and x.device_key = n.device_key
            and x.not_after_at = n.valid_from_at
            and x.to_status = n.status
        where n.valid_from_at > mfa_device_status_at.instant
          and (p.status is distinct from n.status
               or p.user_key is distinct from n.user_key
               or p.close_reason = 'deleted')
        union all
        -- What was later proven gone, and what may be gone since it was last read.
        select
            n.account_id, n.account_name, n.device_key, coalesce(n.valid_to_at, 'infinity'), 'deleted', null, n.status,
            case
                when n.is_current then greatest(f.data_as_of_at, n.valid_from_at)
                else coalesce(x.not_before_at, n.valid_from_at)
            end,
            null, false, false
        from reporting.mfa_device_history n
        left join reporting.mfa_device_transitions x
            on  x.account_id = n.account_id
            and x.device_key = n.device_key
            and x.not_after_at = n.valid_to_at
            and x.to_status = 'deleted'
        left join reporting.freshness f on f.account_id = n.account_id and f.source = 'mfa-devices'
        where n.is_current
           or (n.close_reason = 'deleted' and n.valid_to_at > mfa_device_status_at.instant)
    ),
    steps as (
        select
            v.account_id, v.account_name, v.device_key, v.valid_from_at as read_at, v.status, v.user_key,
            v.status as possible, v.user_key as possible_user_key, true as is_known, false as is_ahead,
            null::timestamptz as not_before_at, null::timestamptz as not_after_at
        from reporting.mfa_device_history v
        where v.valid_from_at <= mfa_device_status_at.instant
          and (v.valid_to_at is null or v.valid_to_at > mfa_device_status_at.instant)
        union all
        select
            t.account_id, t.account_name, t.device_key, t.read_at,
            case when k.is_known then t.to_status when t.is_arrival then t.from_status end,
            case when k.is_known then t.to_user_key end,
            case
                when k.is_known then t.to_status
                -- Whatever it can have been from the old state to the new one: unbound before it is bound to another.
                when t.not_before_at < mfa_device_status_at.instant
                then nullif(concat_ws(
                    ',',
                    case when t.is_arrival then coalesce(t.from_status, 'absent') end,
                    case
                        when t.from_status is null
                          or (t.from_status <> 'unbound' and t.to_status in ('bound', 'deleted'))
                        then 'unbound'
                    end,
                    case
                        when t.from_status is null
                          or (t.from_status = 'unbound' and t.to_status = 'deleted')
                        then 'bound'
                    end,
                    case when t.is_purged then 'deleted' end,
                    case when t.occurred_at is null and t.from_status is not null then t.to_status end
                ), '')
            end,
            case when k.is_known or t.occurred_at is null then t.to_user_key end,
            k.is_known,
            coalesce(t.occurred_at > mfa_device_status_at.instant, false),
            case when not k.is_known then nullif(t.not_before_at, '-infinity') end,
            case when not k.is_known then nullif(coalesce(t.occurred_at, t.read_at), 'infinity') end
        from turns t
        cross join lateral (
            select coalesce(t.occurred_at <= mfa_device_status_at.instant, false) as is_known
        ) k
        where t.not_before_at <= mfa_device_status_at.instant
          and t.read_at > mfa_device_status_at.instant
    ),
    ranked as (
        select
            s.account_id, s.account_name, s.device_key, s.read_at, s.status, s.user_key, s.possible,
            s.possible_user_key, s.is_known, s.not_before_at, s.not_after_at,
            max(s.read_at) filter (where s.is_known) over life as known_at,
            min(s.read_at) filter (where s.is_ahead) over life as ahead_at
        from steps s
        window life as (partition by s.account_id, s.device_key)
    )
    select
        r.account_id,
        max(r.account_name),
        r.device_key,
        (array_agg(r.status order by r.read_at))[1],
        (array_agg(r.user_key order by r.read_at))[1],
        bool_and(r.is_known),
        string_agg(r.possible, ',' order by r.read_at),
        string_agg(r.possible_user_key::text, ',' order by r.read_at),
        min(r.not_before_at),
        max(r.not_after_at)
    from ranked r
    where r.possible is not null
      and r.read_at >= coalesce(r.known_at, '-infinity')
      and r.read_at <= coalesce(r.ahead_at, 'infinity')
    group by r.account_id, r.device_key;
end;
comment on function reporting.mfa_device_status_at is 'What is known of the MFA devices at an instant, one row per device that was or may have been there, with the columns of access_token_status_at. user_key: the user it was bound to in that status; null while unbound, absent or deleted, or where nobody had read it. possible_user_keys: the users that it may have been bound to, comma separated, in the order of time; null where there is none. A user of whom no reading tells is not named. Nothing tells when a device came to be: one that the baseline found may have been absent at any instant before, and was certainly bound from its ActivateDate on.';
