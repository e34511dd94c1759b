{{ config(materialized='view') }}

with owned as (

    select lead_id, opportunity_id from {{ ref('int_opportunities__versions') }}
    where source_system = 'hubspot' and version_rank = 1

),

stage_fields as (

    select distinct history_name from {{ ref('stg_agreement__stage_map') }}
    where source_system = 'hubspot' and {{ is_opportunity_object('object_name') }}

),

entries as (

    select
        owned.lead_id,
        histories.*
    from {{ ref('stg_hubspot__deal_property_histories') }} as histories
    inner join owned on histories.opportunity_id = owned.opportunity_id
    inner join stage_fields on histories.field_name = stage_fields.history_name

),

changes as (

    {{ property_changes('entries', 'opportunity_id') }}

),

final as (

    select
        lead_id,
        opportunity_id,
        change_id,
        old_value,
        new_value,
        occurred_at,
        actor_id
    from changes

)

select * from final
