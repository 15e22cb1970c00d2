select 'activation codes' as what, status, count(*)::text as count,
       coalesce(sum(remaining_use_count) filter (where is_usable), 0)::text as "uses left"
from reporting.access_tokens
group by status
union all
select 'MFA devices', status, count(*)::text, '' from reporting.mfa_devices group by status
order by what, status
