select kind, count(*)::text as count, min(object_id) as "for instance", min(detail) as detail
from reporting.anomalies
group by kind
order by count(*) desc
