{{ config(materialized='view') }}

with stage_map as (

    select * from {{ ref('stg_agreement__stage_map') }}

),

fields as (

    select * from {{ ref('stg_agreement__fields') }}

),

attributes as (

    select * from {{ ref('stg_agreement__attributes') }}

),

tracked as (

    select
        source_system,
        object_name,
        history_name,
        {{ landed_column('field_name') }} as landed_column,
        'stage' as purpose
    from stage_map

    union

    select source_system, object_name, history_name, landed_column, role as purpose
    from fields

    union

    select source_system, object_name, history_name, landed_column, 'attribute' as purpose
    from attributes

),

final as (

    -- One field may serve several purposes; its history is the same.
    select
        source_system,
        history_name,
        min(landed_column) as landed_column,
        bool_or(purpose = 'stage') as is_stage,
        bool_or(purpose = 'owner') as is_owner
    from tracked
    where {{ is_lead_object('object_name') }}
    group by source_system, history_name

)

select * from final
