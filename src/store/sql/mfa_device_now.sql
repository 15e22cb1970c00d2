-- `load_now`: how a device stands, deleted or not. $1 account, $2 device.
select
    d.status,
    d.status_since_at,
    d.user_key,
    d.activated_at,
    d.first_seen_at,
    -- As reporting.access_tokens_all has it for codes; the view of devices leaves deleted ones out.
    case
        when d.deleted_at is null then greatest(g.complete_started_at, d.valid_from_at)
        else coalesce(
            (
                select x.not_before_at from reporting.mfa_device_transitions x
                where x.account_id = d.account_id
                  and x.device_key = d.device_key
                  and x.not_after_at = d.deleted_at
                  and x.to_status = 'deleted'
            ),
            d.valid_from_at
        )
    end as last_seen_at,
    d.deleted_at
from inventory.mfa_devices d
left join inventory.targets g on g.account_id = d.account_id and g.source = 'mfa-devices'
where d.account_id = $1
  and d.device_key = $2
