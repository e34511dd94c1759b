select
    landed.id as opportunity_id,
    {{ to_boolean('landed.archived') }} as is_deleted,
    landed.dealstage as stage_name,
    {{ to_number('landed.amount') }} as amount,
    landed.deal_currency_code as currency,
    {{ to_boolean('landed.hs_is_closed') }} as is_closed,
    {{ to_boolean('landed.hs_is_closed_won') }} as is_won,
    {{ to_instant('landed.closedate', source_zone('hubspot')) }} as closed_at,
    landed.hubspot_owner_id as owner_id,
    {{ to_instant('landed.createdate', source_zone('hubspot')) }} as created_at,
    landed.hs_created_by_user_id as created_by_user_id,
    {{ to_list('landed.contact_ids') }} as contact_ids,
    {{ version_columns() }}
{{ visible_rows('raw_hubspot', 'deals') }}
