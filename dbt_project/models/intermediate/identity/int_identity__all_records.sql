{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[
        {'columns': ['source_system', 'record_id'], 'unique': true},
        {'columns': ['source_system', 'contact_id']},
        {'columns': ['source_system', 'opportunity_id']},
    ],
    pre_hook="{{ forget('int_identity__changed_rows', 'kept.source_system = news.source_system and kept.record_id = news.record_id') }}"
) }}

with versions as (

    select * from {{ ref('int_identity__record_versions') }}

),

ranked as (

    {{ rank_versions('versions', 'source_system, record_id') }}

),

final as (

    select
        source_system,
        record_id,
        created_at,
        created_by_id,
        is_deleted,
        merged_into_id,
        contact_id,
        opportunity_id,
        linked_system,
        linked_lead_id,
        linked_contact_id,
        owner_id,
        record
    from ranked
    where version_rank = 1

)

select * from final
