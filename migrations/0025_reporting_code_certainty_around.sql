-- The same certainty of an instant, sooner again: each change around it is looked up by its transition alone.
--
-- Columns, comments and answers stay as they are. 0021 went through all later versions for those that may have no
-- transition. They lie before the last purge's cutoff, or before the scan that followed the baseline, and an instant
-- after both has none; a code that came back is found by its transition, too. (Where the API itself calls `deleted`
-- what came back, there is none: it was gone before and is called so after.) What was not read since is told from
-- the version that was held, without a step of its own.

create or replace function reporting.access_token_status_at(instant timestamptz)
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
    language sql stable parallel safe
begin atomic
    with changes as (
        -- Versions that opened or were buried later, by a transition with bounds around the instant; that few have is
        -- said once more by a range, for the planner. Of what came back, a purge may have taken the life before.
        select
            x.account_id, x.access_token_id, x.not_after_at as read_at, x.to_status, n.status, n.version_no, n.created_at,
            n.valid_from_at < x.not_after_at as is_gone, true as is_told, x.not_before_at, x.occurred_at
        from reporting.access_token_transitions x
        cross join lateral (
            select v.status, v.version_no, v.created_at, v.valid_from_at
            from reporting.access_token_history v
            where v.account_id = x.account_id
              and v.access_token_id = x.access_token_id
              and (v.valid_from_at = x.not_after_at and v.status = x.to_status
                   or v.valid_to_at = x.not_after_at and v.close_reason = 'deleted' and x.to_status = 'deleted'
                      and v.valid_from_at <= access_token_status_at.instant)
            limit 2
        ) n
        where x.not_after_at > access_token_status_at.instant
          and (x.not_before_at <= access_token_status_at.instant
                and tstzrange(x.not_before_at, x.not_after_at) @> access_token_status_at.instant
               or x.from_status = 'deleted')
        union
        -- And those that may have no transition: up to the last purge, and of the baseline, which the scan after it ends.
        select
            f.account_id, n.access_token_id, n.read_at, n.to_status, n.status, n.version_no, n.created_at,
            n.is_gone, x.scan_id is not null, coalesce(x.not_before_at, case when n.is_gone then n.valid_from_at end), x.occurred_at
        from reporting.freshness f
        cross join lateral (
            select max(l.cutoff_at) as until_at
            from reporting.retention_log l
            where l.account_id = f.account_id
              and l.dataset in ('access_token_history', 'access_token_transitions')
              and not l.is_dry_run
              and l.cutoff_at > access_token_status_at.instant
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
            select v.access_token_id, v.status, v.version_no, v.created_at, v.valid_from_at, e.read_at, e.to_status, e.is_gone
            from reporting.access_token_history v
            cross join lateral (values
                (v.valid_from_at, v.status, false),
                (v.valid_to_at, 'deleted', true)
            ) as e (read_at, to_status, is_gone)
            where v.account_id = f.account_id
              and (v.is_current or v.valid_to_at > access_token_status_at.instant)
              and e.read_at > access_token_status_at.instant
              and (e.read_at <= p.until_at or v.change_kind = 'baseline' and not e.is_gone)
              and (not e.is_gone or v.close_reason = 'deleted' and v.valid_from_at <= access_token_status_at.instant)
        ) n
        left join reporting.access_token_transitions x
            on  x.account_id = f.account_id
            and x.access_token_id = n.access_token_id
            and x.not_after_at = n.read_at
            and x.to_status = n.to_status
        where f.source = 'access-tokens'
          and case when p.until_at is null and b.over_at <= access_token_status_at.instant then b.over_at end is null
    ),
    turns as (
        -- What was later read in another state than before. from_status is null where nobody knows what it was.
        select
            n.account_id, n.access_token_id, n.read_at, n.to_status, n.occurred_at,
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
            case when n.created_at <= n.read_at then n.created_at end as created_at,
            p.close_reason is distinct from 'superseded' and not n.is_gone as is_arrival,
            p.version_no is null and n.version_no > 1 and not n.is_gone as is_purged
        from changes n
        left join lateral (
            select p.version_no, p.valid_from_at, p.valid_to_at, p.status, p.close_reason
            from reporting.access_token_history p
            where p.account_id = n.account_id
              and p.access_token_id = n.access_token_id
              and p.version_no = n.version_no - 1
              and n.version_no > 1
              and not n.is_gone
              and not p.is_current
            limit 1
        ) p on true
        where n.is_gone
           or p.status is distinct from n.status
           or p.close_reason = 'deleted'
    ),
    steps as (
        select
            t.account_id, t.access_token_id, t.read_at,
            case
                when k.is_known then t.to_status
                when t.is_arrival and b.born_at is null then t.from_status
            end as status,
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
            end as possible,
            k.is_known,
            coalesce(greatest(t.occurred_at, b.born_at) > access_token_status_at.instant, false) as is_ahead,
            case when not k.is_known then nullif(coalesce(b.born_at, t.not_before_at), '-infinity') end as not_before_at,
            case when not k.is_known then coalesce(t.occurred_at, t.read_at) end as not_after_at
        from turns t
        cross join lateral (
            select case when t.is_arrival and t.created_at > t.not_before_at then t.created_at end as born_at
        ) b
        cross join lateral (
            select coalesce(t.occurred_at <= access_token_status_at.instant, false) as is_known
        ) k
        where t.not_before_at <= access_token_status_at.instant
    ),
    ranked as (
        select
            s.account_id, s.access_token_id, s.read_at, s.status, s.possible, s.is_known, s.not_before_at, s.not_after_at,
            max(s.read_at) filter (where s.is_known) over life as known_at,
            min(s.read_at) filter (where s.is_ahead) over life as ahead_at
        from steps s
        window life as (partition by s.account_id, s.access_token_id)
    ),
    uncertain as (
        -- What the changes around the instant make of it.
        select
            r.account_id,
            r.access_token_id,
            bool_or(r.is_known) as is_over,
            (array_agg(r.status order by r.read_at))[1] as status,
            bool_and(r.is_known) as is_certain,
            string_agg(r.possible, ',' order by r.read_at) as possible,
            min(r.not_before_at) as not_before_at,
            max(r.not_after_at) as not_after_at
        from ranked r
        where r.possible is not null
          and r.read_at >= coalesce(r.known_at, '-infinity')
          and r.read_at <= coalesce(r.ahead_at, 'infinity')
        group by r.account_id, r.access_token_id
    ),
    held as (
        select v.account_id, v.access_token_id, v.status, v.is_current, v.valid_from_at
        from reporting.access_token_history v
        where v.valid_from_at <= access_token_status_at.instant
          and (v.is_current or v.valid_to_at > access_token_status_at.instant)
        union all
        -- Of no row; without it no filter reaches an index through the full join below.
        select null, null, null, null, null
        where false
    ),
    known as (
        select
            account_id, access_token_id, v.status as held, v.is_current, v.valid_from_at,
            u.is_over, u.status, u.is_certain, u.possible, u.not_before_at, u.not_after_at
        from held v
        full join uncertain u using (account_id, access_token_id)
    )
    -- For most, the version that history holds is all there is. A change that is over by the instant takes its place.
    select
        k.account_id,
        f.account_name,
        k.access_token_id,
        case when k.is_over or k.held is null then k.status else k.held end,
        coalesce(k.is_certain, l.unread_since_at is null),
        case
            when k.is_over then k.possible
            when k.possible is not null then concat_ws(',', k.held, k.possible)
            when l.unread_since_at is null then k.held
            else concat_ws(
                ',',
                k.held,
                case when k.held not in ('unactivated', 'expired') then 'unactivated' end,
                case when k.held not in ('activated', 'expired') then 'activated' end,
                case when k.held <> 'expired' then 'expired' end,
                'deleted'
            )
        end,
        coalesce(k.not_before_at, l.unread_since_at),
        k.not_after_at
    from known k
    left join reporting.freshness f on f.account_id = k.account_id and f.source = 'access-tokens'
    cross join lateral (
        -- What was not read since may be gone.
        select
            case
                when k.is_current and greatest(f.data_as_of_at, k.valid_from_at) < access_token_status_at.instant
                then greatest(f.data_as_of_at, k.valid_from_at)
            end as unread_since_at
    ) l;
end;
