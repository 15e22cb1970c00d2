-- The same certainty of MFA devices, sooner, in the way of 0025.

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
    language sql stable parallel safe
begin atomic
    with changes as (
        select
            x.account_id, x.device_key, x.not_after_at as read_at, x.to_status, n.status, n.user_key, n.version_no, n.activated_at,
            n.valid_from_at < x.not_after_at as is_gone, true as is_told, x.not_before_at, x.occurred_at
        from reporting.mfa_device_transitions x
        cross join lateral (
            select v.status, v.user_key, v.version_no, v.activated_at, v.valid_from_at
            from reporting.mfa_device_history v
            where v.account_id = x.account_id
              and v.device_key = x.device_key
              and (v.valid_from_at = x.not_after_at and v.status = x.to_status
                   or v.valid_to_at = x.not_after_at and v.close_reason = 'deleted' and x.to_status = 'deleted'
                      and v.valid_from_at <= mfa_device_status_at.instant)
            limit 2
        ) n
        where x.not_after_at > mfa_device_status_at.instant
          and (x.not_before_at <= mfa_device_status_at.instant
                and tstzrange(x.not_before_at, x.not_after_at) @> mfa_device_status_at.instant
               or x.from_status = 'deleted')
        union
        select
            f.account_id, n.device_key, n.read_at, n.to_status, n.status, n.user_key, n.version_no, n.activated_at,
            n.is_gone, x.scan_id is not null, coalesce(x.not_before_at, case when n.is_gone then n.valid_from_at end), x.occurred_at
        from reporting.freshness f
        cross join lateral (
            select max(l.cutoff_at) as until_at
            from reporting.retention_log l
            where l.account_id = f.account_id
              and l.dataset in ('mfa_device_history', 'mfa_device_transitions')
              and not l.is_dry_run
              and l.cutoff_at > mfa_device_status_at.instant
        ) p
        left join lateral (
            select s.started_at as over_at
            from reporting.scans s
            where s.account_id = f.account_id
              and s.source = f.source
              and s.outcome = 'complete'
            order by s.scan_id
            offset 1
            limit 1
        ) b on true
        cross join lateral (
            select
                v.device_key, v.status, v.user_key, v.version_no, v.activated_at, v.valid_from_at,
                e.read_at, e.to_status, e.is_gone
            from reporting.mfa_device_history v
            cross join lateral (values
                (v.valid_from_at, v.status, false),
                (v.valid_to_at, 'deleted', true)
            ) as e (read_at, to_status, is_gone)
            where v.account_id = f.account_id
              and (v.is_current or v.valid_to_at > mfa_device_status_at.instant)
              and e.read_at > mfa_device_status_at.instant
              and (e.read_at <= p.until_at or v.change_kind = 'baseline' and not e.is_gone)
              and (not e.is_gone or v.close_reason = 'deleted' and v.valid_from_at <= mfa_device_status_at.instant)
        ) n
        left join reporting.mfa_device_transitions x
            on  x.account_id = f.account_id
            and x.device_key = n.device_key
            and x.not_after_at = n.read_at
            and x.to_status = n.to_status
        where f.source = 'mfa-devices'
          and case when p.until_at is null and b.over_at <= mfa_device_status_at.instant then b.over_at end is null
    ),
    turns as (
        select
            n.account_id, n.device_key, n.read_at, n.to_status,
            case when not n.is_gone then n.user_key end as to_user_key,
            case
                when n.is_gone then n.status
                when p.close_reason = 'deleted' then 'deleted'
                when p.version_no is not null then p.status
                when n.version_no = 1 and n.is_told then 'absent'
            end as from_status,
            case
                when p.version_no is null and n.version_no > 1 and not n.is_gone then '-infinity'
                else coalesce(
                    n.not_before_at,
                    case when p.close_reason = 'deleted' then p.valid_to_at else p.valid_from_at end,
                    '-infinity')
            end as not_before_at,
            -- Nobody saw the baseline's devices bound, but the API tells when they were.
            case
                when n.is_told or n.is_gone then n.occurred_at
                when p.version_no is null and n.status = 'bound' and n.activated_at <= n.read_at then n.activated_at
            end as occurred_at,
            p.close_reason is distinct from 'superseded' and not n.is_gone as is_arrival,
            p.version_no is null and n.version_no > 1 and not n.is_gone as is_purged
        from changes n
        left join lateral (
            select p.version_no, p.valid_from_at, p.valid_to_at, p.status, p.close_reason, p.user_key
            from reporting.mfa_device_history p
            where p.account_id = n.account_id
              and p.device_key = n.device_key
              and p.version_no = n.version_no - 1
              and n.version_no > 1
              and not n.is_gone
              and not p.is_current
            limit 1
        ) p on true
        where n.is_gone
           or p.status is distinct from n.status
           or p.user_key is distinct from n.user_key
           or p.close_reason = 'deleted'
    ),
    steps as (
        select
            t.account_id, t.device_key, t.read_at,
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
            case when not k.is_known then coalesce(t.occurred_at, t.read_at) end as not_after_at
        from turns t
        cross join lateral (
            select coalesce(t.occurred_at <= mfa_device_status_at.instant, false) as is_known
        ) k
        where t.not_before_at <= mfa_device_status_at.instant
    ),
    ranked as (
        select
            s.account_id, s.device_key, s.read_at, s.status, s.user_key, s.possible, s.possible_user_key, s.is_known,
            s.not_before_at, s.not_after_at,
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
        select v.account_id, v.device_key, v.status, v.user_key, v.is_current, v.valid_from_at
        from reporting.mfa_device_history v
        where v.valid_from_at <= mfa_device_status_at.instant
          and (v.is_current or v.valid_to_at > mfa_device_status_at.instant)
        union all
        -- Of no row; without it no filter reaches an index through the full join below.
        select null, null::bigint, null, null, null, null
        where false
    ),
    known as (
        select
            account_id, device_key, v.status as held, v.user_key as held_user_key, v.is_current, v.valid_from_at,
            u.is_over, u.status, u.user_key, u.is_certain, u.possible, u.possible_user_keys, u.not_before_at, u.not_after_at
        from held v
        full join uncertain u using (account_id, device_key)
    )
    -- For most, the version that history holds is all there is. A change that is over by the instant takes its place.
    select
        k.account_id,
        f.account_name,
        k.device_key,
        case when k.is_over or k.held is null then k.status else k.held end,
        case when k.is_over or k.held is null then k.user_key else k.held_user_key end,
        coalesce(k.is_certain, l.unread_since_at is null),
        case
            when k.is_over then k.possible
            when k.possible is not null then concat_ws(',', k.held, k.possible)
            when l.unread_since_at is null then k.held
            else concat_ws(',', k.held, case when k.held = 'unbound' then 'bound' else 'unbound' end, 'deleted')
        end,
        case
            when k.is_over or k.held_user_key is null then k.possible_user_keys
            else concat_ws(',', k.held_user_key, k.possible_user_keys)
        end,
        coalesce(k.not_before_at, l.unread_since_at),
        k.not_after_at
    from known k
    left join reporting.freshness f on f.account_id = k.account_id and f.source = 'mfa-devices'
    cross join lateral (
        -- What was not read since may be gone.
        select
            case
                when k.is_current and greatest(f.data_as_of_at, k.valid_from_at) < mfa_device_status_at.instant
                then greatest(f.data_as_of_at, k.valid_from_at)
            end as unread_since_at
    ) l;
end;
