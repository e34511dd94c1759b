with changes as (

    select * from {{ ref('int_opportunities__stage_changes') }}

),

versions as (

    select agreement_version, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

stage_map as (

    select agreement_version, source_system, value, stage
    from {{ ref('stg_agreement__stage_map') }}
    where {{ is_opportunity_object('object_name') }}

),

stages as (

    select stage, stage_rank from {{ ref('stg_agreement__stages') }}

),

numbered as (

    select
        changes.*,
        versions.agreement_version,
        {{ to_second('changes.occurred_at') }} as occurred_second,
        row_number() over (
            partition by changes.source_system, changes.opportunity_id
            order by
                {{ to_second('changes.occurred_at') }},
                coalesce(stages.stage_rank, 0),
                {{ bytewise('changes.change_id') }}
        ) as item
    from changes
    inner join versions
        on
            changes.occurred_at >= versions.in_force_from
            and changes.occurred_at < versions.in_force_to
    left join stage_map
        on
            versions.agreement_version = stage_map.agreement_version
            and changes.source_system = stage_map.source_system
            and changes.new_value = stage_map.value
    left join stages on stage_map.stage = stages.stage

),

chained as (

    select
        source_system,
        opportunity_id,
        {{ positions_within_seconds('occurred_second', 'old_value', 'new_value', 'item') }}
            as positions
    from numbered
    group by source_system, opportunity_id

),

placed as (

    select
        chained.source_system,
        chained.opportunity_id,
        places.position,
        places.item
    from chained
    cross join {{ each_element('chained.positions') }} as places (position, item)

),

final as (

    select
        numbered.lead_id,
        numbered.source_system,
        numbered.opportunity_id,
        {{ opportunity_stage_field('numbered.source_system') }} as field_name,
        numbered.change_id,
        numbered.old_value,
        numbered.new_value,
        numbered.occurred_at,
        numbered.time_column,
        numbered.actor_id,
        numbered.agreement_version,
        placed.position as chain_position
    from numbered
    inner join placed
        on
            numbered.source_system = placed.source_system
            and numbered.opportunity_id = placed.opportunity_id
            and numbered.item = placed.item

)

select * from final
