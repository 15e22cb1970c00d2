-- The same certainty of MFA devices, sooner, in the way of 0021.

create or replace function reporting.mfa_device_status_at(instant timestamptz)
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
    with purges as (
        -- Up to where versions or their transitions may be missing.
        select l.account_id, max(l.cutoff_at) as cutoff_at
        from reporting.retention_log l
        where l.dataset in ('mfa_device_history', 'mfa_device_transitions')
          and not l.is_dry_run
        group by l.account_id
    ),
    later as (
        -- Versions that began later and whose transition has bounds around the instant. The limits here and below, which
        -- leave nothing out, keep the planner from joining all of history.
        select x.account_id, x.account_name, x.device_key, n.version_no, n.valid_from_at, n.status, n.change_kind, n.user_key, n.activated_at
        from reporting.mfa_device_transitions x
        left join purges g on g.account_id = x.account_id
        cross join lateral (
            select n.version_no, n.valid_from_at, n.status, n.change_kind, n.user_key, n.activated_at
            from reporting.mfa_device_history n
            where n.account_id = x.account_id
              and n.device_key = x.device_key
              and n.valid_from_at = x.not_after_at
              and n.status = x.to_status
            limit 1
        ) n
        where x.not_before_at <= mfa_device_status_at.instant
          and x.not_after_at > mfa_device_status_at.instant
          and n.version_no > 1
          and n.change_kind <> 'reappeared'
          and (g.cutoff_at is null or n.valid_from_at > g.cutoff_at)
        union all
        -- And those that may have no transition, or no version before them.
        select n.account_id, n.account_name, n.device_key, n.version_no, n.valid_from_at, n.status, n.change_kind, n.user_key, n.activated_at
        from reporting.mfa_device_history n
        left join purges g on g.account_id = n.account_id
        where n.valid_from_at > mfa_device_status_at.instant
          and (n.version_no = 1 or n.change_kind = 'reappeared' or n.valid_from_at <= g.cutoff_at)
    ),
    turns as (
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
        from later n
        left join reporting.mfa_device_transitions x
            on  x.account_id = n.account_id
            and x.device_key = n.device_key
            and x.not_after_at = n.valid_from_at
            and x.to_status = n.status
            and x.not_after_at > mfa_device_status_at.instant
        left join lateral (
            select p.version_no, p.valid_from_at, p.valid_to_at, p.status, p.close_reason, p.user_key
            from reporting.mfa_device_history p
            where p.account_id = n.account_id
              and p.device_key = n.device_key
              and p.version_no = n.version_no - 1
              and n.version_no > 1
              and not p.is_current
            limit 1
        ) p on true
        where p.status is distinct from n.status
           or p.user_key is distinct from n.user_key
           or p.close_reason = 'deleted'
        union all
        -- What was later proven gone,
        select
            x.account_id, x.account_name, x.device_key, x.not_after_at, 'deleted', null, n.status, x.not_before_at,
            null, false, false
        from reporting.mfa_device_transitions x
        cross join lateral (
            select n.status
            from reporting.mfa_device_history n
            where n.account_id = x.account_id
              and n.device_key = x.device_key
              and n.valid_to_at = x.not_after_at
              and n.valid_from_at <= mfa_device_status_at.instant
              and n.close_reason = 'deleted'
            limit 1
        ) n
        where x.not_before_at <= mfa_device_status_at.instant
          and x.not_after_at > mfa_device_status_at.instant
          and x.to_status = 'deleted'
        union all
        -- with or without a transition that still says so,
        select
            n.account_id, n.account_name, n.device_key, n.valid_to_at, 'deleted', null, n.status, n.valid_from_at,
            null, false, false
        from purges g
        join reporting.mfa_device_history n
            on  n.account_id = g.account_id
            and n.valid_to_at > mfa_device_status_at.instant
            and n.valid_to_at <= g.cutoff_at
        where n.valid_from_at <= mfa_device_status_at.instant
          and n.close_reason = 'deleted'
          and not exists (
            select from reporting.mfa_device_transitions x
            where x.account_id = n.account_id
              and x.device_key = n.device_key
              and x.not_after_at = n.valid_to_at
              and x.to_status = 'deleted'
        )
        union all
        -- and what may be gone since it was last read.
        select
            t.account_id, t.account_name, t.device_key, 'infinity', 'deleted', null, t.status, t.last_seen_at,
            null, false, false
        from reporting.mfa_devices t
        where t.last_seen_at <= mfa_device_status_at.instant
    ),
    steps as (
        select
            t.account_id, t.account_name, t.device_key, t.read_at,
            case when k.is_known then t.to_status when t.is_arrival then t.from_status end as status,
            case when k.is_known then t.to_user_key end as user_key,
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
            end as possible,
            case when k.is_known or t.occurred_at is null then t.to_user_key end as possible_user_key,
            k.is_known,
            coalesce(t.occurred_at > mfa_device_status_at.instant, false) as is_ahead,
            case when not k.is_known then nullif(t.not_before_at, '-infinity') end as not_before_at,
            case when not k.is_known then nullif(coalesce(t.occurred_at, t.read_at), 'infinity') end as not_after_at
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
    ),
    uncertain as (
        -- What the changes around the instant make of it.
        select
            r.account_id,
            r.device_key,
            max(r.account_name) as account_name,
            bool_or(r.is_known) as is_over,
            (array_agg(r.status order by r.read_at))[1] as status,
            (array_agg(r.user_key order by r.read_at))[1] as user_key,
            bool_and(r.is_known) as is_certain,
            string_agg(r.possible, ',' order by r.read_at) as possible,
            string_agg(r.possible_user_key::text, ',' order by r.read_at) as possible_user_keys,
            min(r.not_before_at) as not_before_at,
            max(r.not_after_at) as not_after_at
        from ranked r
        where r.possible is not null
          and r.read_at >= coalesce(r.known_at, '-infinity')
          and r.read_at <= coalesce(r.ahead_at, 'infinity')
        group by r.account_id, r.device_key
    ),
    held as (
        select v.account_id, v.account_name, v.device_key, v.status, v.user_key
        from reporting.mfa_device_history v
        where v.valid_from_at <= mfa_device_status_at.instant
          and (v.valid_to_at is null or v.valid_to_at > mfa_device_status_at.instant)
        union all
        -- Of no row; without it no filter reaches an index through the full join below.
        select null, null, null, null, null::bigint
        where false
    )
    -- For most, the version that history holds is all there is. A change that is over by the instant takes its place.
    select
        account_id,
        coalesce(v.account_name, u.account_name),
        device_key,
        case when u.is_over or v.status is null then u.status else v.status end,
        case when u.is_over or v.status is null then u.user_key else v.user_key end,
        coalesce(u.is_certain, true),
        case when u.is_over then u.possible else concat_ws(',', v.status, u.possible) end,
        case when u.is_over then u.possible_user_keys else nullif(concat_ws(',', v.user_key, u.possible_user_keys), '') end,
        u.not_before_at,
        u.not_after_at
    from held v
    full join uncertain u using (account_id, device_key);
end;
