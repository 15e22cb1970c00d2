select coalesce(from_status, '(absent)') || ' → ' || to_status as change, count(*)::text as count,
       count(*) filter (where is_exact)::text as "to the second",
       coalesce(round(max(uncertainty_seconds) / 3600)::text || ' h', '') as "widest bounds"
from reporting.access_token_transitions
where not_after_at > now() - interval '14 days'
group by from_status, to_status
order by count(*) desc
