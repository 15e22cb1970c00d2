-- The same certainty of an instant, sooner: over a million codes it took many times as long as the state itself.
--
-- Columns, comments and answers stay as they are. Only changes whose transition has bounds around the instant are
-- looked at, and those that may have none: what a baseline read first, what came back, what a purge took up to its
-- cutoff. What history holds at the instant is joined to what they make of it.

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
    language sql stable
begin atomic
    with purges as (
        -- Up to where versions or their transitions may be missing.
        select l.account_id, max(l.cutoff_at) as cutoff_at
        from reporting.retention_log l
        where l.dataset in ('access_token_history', 'access_token_transitions')
          and not l.is_dry_run
        group by l.account_id
    ),
    later as (
        -- Versions that began later and whose transition has bounds around the instant. The limits here and below, which
        -- leave nothing out, keep the planner from joining all of history.
        select x.account_id, x.account_name, x.access_token_id, n.version_no, n.valid_from_at, n.status, n.change_kind, n.created_at
        from reporting.access_token_transitions x
        left join purges g on g.account_id = x.account_id
        cross join lateral (
            select n.version_no, n.valid_from_at, n.status, n.change_kind, n.created_at
            from reporting.access_token_history n
            where n.account_id = x.account_id
              and n.access_token_id = x.access_token_id
              and n.valid_from_at = x.not_after_at
              and n.status = x.to_status
            limit 1
        ) n
        where x.not_before_at <= access_token_status_at.instant
          and x.not_after_at > access_token_status_at.instant
          and n.version_no > 1
          and n.change_kind <> 'reappeared'
          and (g.cutoff_at is null or n.valid_from_at > g.cutoff_at)
        union all
        -- And those that may have no transition, or no version before them.
        select n.account_id, n.account_name, n.access_token_id, n.version_no, n.valid_from_at, n.status, n.change_kind, n.created_at
        from reporting.access_token_history n
        left join purges g on g.account_id = n.account_id
        where n.valid_from_at > access_token_status_at.instant
          and (n.version_no = 1 or n.change_kind = 'reappeared' or n.valid_from_at <= g.cutoff_at)
    ),
    turns as (
        -- What was later read in another state than before. from_status is null where nobody knows what it was.
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
        from later n
        left join reporting.access_token_transitions x
            on  x.account_id = n.account_id
            and x.access_token_id = n.access_token_id
            and x.not_after_at = n.valid_from_at
            and x.to_status = n.status
            and x.not_after_at > access_token_status_at.instant
        left join lateral (
            select p.version_no, p.valid_from_at, p.valid_to_at, p.status, p.close_reason
            from reporting.access_token_history p
            where p.account_id = n.account_id
              and p.access_token_id = n.access_token_id
              and p.version_no = n.version_no - 1
              and n.version_no > 1
              and not p.is_current
            limit 1
        ) p on true
        where p.status is distinct from n.status
           or p.close_reason = 'deleted'
        union all
        -- What was later proven gone,
        select
            x.account_id, x.account_name, x.access_token_id, x.not_after_at, 'deleted', n.status, x.not_before_at,
            null, null, false, false
        from reporting.access_token_transitions x
        cross join lateral (
            select n.status
            from reporting.access_token_history n
            where n.account_id = x.account_id
              and n.access_token_id = x.access_token_id
              and n.valid_to_at = x.not_after_at
              and n.valid_from_at <= access_token_status_at.instant
              and n.close_reason = 'deleted'
            limit 1
        ) n
        where x.not_before_at <= access_token_status_at.instant
          and x.not_after_at > access_token_status_at.instant
          and x.to_status = 'deleted'
        union all
        -- with or without a transition that still says so,
        select
            n.account_id, n.account_name, n.access_token_id, n.valid_to_at, 'deleted', n.status, n.valid_from_at,
            null, null, false, false
        from purges g
        join reporting.access_token_history n
            on  n.account_id = g.account_id
            and n.valid_to_at > access_token_status_at.instant
            and n.valid_to_at <= g.cutoff_at
        where n.valid_from_at <= access_token_status_at.instant
          and n.close_reason = 'deleted'
          and not exists (
            select from reporting.access_token_transitions x
            where x.account_id = n.account_id
              and x.access_token_id = n.access_token_id
              and x.not_after_at = n.valid_to_at
              and x.to_status = 'deleted'
        )
        union all
        -- and what may be gone since it was last read.
        select
            t.account_id, t.account_name, t.access_token_id, 'infinity', 'deleted', t.status, t.last_seen_at,
            null, null, false, false
        from reporting.access_tokens t
        where t.last_seen_at <= access_token_status_at.instant
    ),
    steps as (
        select
            t.account_id, t.account_name, t.access_token_id, t.read_at,
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
            case when not k.is_known then nullif(coalesce(t.occurred_at, t.read_at), 'infinity') end as not_after_at
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
    ),
    uncertain as (
        -- What the changes around the instant make of it.
        select
            r.account_id,
            r.access_token_id,
            max(r.account_name) as account_name,
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
        select v.account_id, v.account_name, v.access_token_id, v.status
        from reporting.access_token_history v
        where v.valid_from_at <= access_token_status_at.instant
          and (v.valid_to_at is null or v.valid_to_at > access_token_status_at.instant)
        union all
        -- Of no row; without it no filter reaches an index through the full join below.
        select null, null, null, null
        where false
    )
    -- For most, the version that history holds is all there is. A change that is over by the instant takes its place.
    select
        account_id,
        coalesce(v.account_name, u.account_name),
        access_token_id,
        case when u.is_over or v.status is null then u.status else v.status end,
        coalesce(u.is_certain, true),
        case when u.is_over then u.possible else concat_ws(',', v.status, u.possible) end,
        u.not_before_at,
        u.not_after_at
    from held v
    full join uncertain u using (account_id, access_token_id);
end;
