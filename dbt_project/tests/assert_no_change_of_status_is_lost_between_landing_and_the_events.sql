-- Counted anew from the landed Salesforce history: each change of a mapped status of a known lead is a
-- stage event or, where its value is mapped to nothing, none.
with landed as (

    select distinct
        {{ salesforce_id('landed._key') }} as change_id,
        {{ salesforce_id('landed.lead_id') }} as lead_record_id,
        landed.new_value
    {{ visible_rows('raw_salesforce', 'lead_history') }}
    and landed.field in (
        select mapping.history_name
        from {{ ref('stg_agreement__stage_map') }} as mapping
        where mapping.source_system = 'salesforce' and lower(mapping.object_name) = 'lead'
    )

)

select landed.change_id
from landed
inner join {{ ref('bridge_lead_ids') }} as bridge
    on
        bridge.source_system = 'salesforce'
        and landed.lead_record_id = bridge.source_id
left join {{ ref('fct_stage_events') }} as events
    on
        events.source_system = 'salesforce'
        and landed.change_id = events.source_event_id
where
    events.event_id is null
    and not exists (
        -- Known to be no stage, or not known at all (then it is a finding), in some version.
        select 1
        from {{ ref('stg_agreement__versions') }} as versions
        left join {{ ref('stg_agreement__stage_map') }} as mapping
            on
                versions.agreement_version = mapping.agreement_version
                and mapping.source_system = 'salesforce'
                and lower(mapping.object_name) = 'lead'
                and landed.new_value = mapping.value
        where coalesce(mapping.stage, 'none') = 'none'
    )
