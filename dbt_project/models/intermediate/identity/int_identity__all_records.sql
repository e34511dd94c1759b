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

newest_live as (

    select source_system, record_id, min(version_rank) as version_rank
    from ranked
    where not is_deleted
    group by source_system, record_id

),

deletions as (

    -- A record that came back was not deleted before: the deletion is the one that still stands.
    select ranked.source_system, ranked.record_id, min(ranked.version_stamp) as deleted_at
    from ranked
    left join newest_live
        on
            ranked.source_system = newest_live.source_system
            and ranked.record_id = newest_live.record_id
    where
        ranked.is_deleted
        and (newest_live.version_rank is null or ranked.version_rank < newest_live.version_rank)
    group by ranked.source_system, ranked.record_id

),

inferred as (

    select source_system, record_id, created_at
    from {{ ref('int_identity__inferred_creations') }}
    where kind = 'lead_or_contact'

),

final as (

    select
        ranked.source_system,
        ranked.record_id,
        coalesce(ranked.created_at, inferred.created_at) as created_at,
        ranked.created_at is null as is_creation_inferred,
        ranked.created_by_id,
        ranked.is_deleted,
        deletions.deleted_at,
        ranked.merged_into_id,
        ranked.contact_id,
        ranked.opportunity_id,
        ranked.linked_system,
        ranked.linked_lead_id,
        ranked.linked_contact_id,
        ranked.owner_id,
        ranked.record
    from ranked
    left join deletions
        on
            ranked.source_system = deletions.source_system
            and ranked.record_id = deletions.record_id
    left join inferred
        on
            ranked.source_system = inferred.source_system
            and ranked.record_id = inferred.record_id
    where ranked.version_rank = 1

)

select * from final
