-- Counted anew from the landed Salesforce history: each change of a status of a known lead is a
-- stage event, unless its value is mapped to none, or to nothing (then it is a finding).
with landed_changes as (

    select distinct
        {{ salesforce_id('landed._key') }} as change_id,
        {{ salesforce_id('landed.lead_id') }} as lead_record_id,
        landed.field as field_name,
        landed.new_value
    {{ visible_rows('raw_salesforce', 'lead_history') }}

),

versions as (

    select agreement_version from {{ ref('stg_agreement__versions') }}

),

stage_map as (

    select * from {{ ref('stg_agreement__stage_map') }}
    where source_system = 'salesforce' and lower(object_name) = 'lead'

),

-- A value has to be a stage in every version: which one is in force is not asked again here.
stage_values as (

    select
        stage_map.history_name,
        stage_map.value
    from stage_map
    where stage_map.stage <> 'none'
    group by stage_map.history_name, stage_map.value
    having count(*) = (select count(*) from versions)

)

select landed_changes.change_id
from landed_changes
inner join stage_values
    on
        landed_changes.field_name = stage_values.history_name
        and landed_changes.new_value = stage_values.value
inner join {{ ref('bridge_lead_ids') }} as bridge
    on
        bridge.source_system = 'salesforce'
        and landed_changes.lead_record_id = bridge.source_id
left join {{ ref('fct_stage_events') }} as events
    on
        events.source_system = 'salesforce'
        and landed_changes.change_id = events.source_event_id
where events.event_id is null
