with in_force as (

    select agreed_from from {{ ref('int_agreement__in_force') }}

),

transitions as (

    select transitions.* from {{ ref('int_transitions__all_transitions') }} as transitions
    cross join in_force
    where
        transitions.entered_at >= in_force.agreed_from
        and (transitions.skipped_stages > 0 or transitions.direction = 'backward')

),

-- What the source itself calls the stage entered.
source_values as (

    select event_id, raw_value from {{ ref('int_events__all_stage_events') }}
    where raw_value is not null

),

final as (

    select
        case
            when transitions.direction = 'backward' then 'backward_move'
            else 'skipped_stage'
        end as rule,
        'transition' as subject_type,
        transitions.transition_id as subject_id,
        transitions.lead_id,
        transitions.transition_number,
        transitions.entered_at as occurred_at,
        {{ machine_of('transitions') }} as machine,
        'certain' as grade,
        {{ json_object({
            'from_stage': 'transitions.from_stage',
            'to_stage': 'transitions.to_stage',
            'value': 'source_values.raw_value',
            'skipped_stages': 'transitions.skipped_stages',
            'actor_id': 'transitions.actor_id',
            'actor_type': 'transitions.actor_type',
        }) }} as evidence,
        'Moved from ' || transitions.from_stage || ' to '
        || {{ stage_named('transitions.to_stage', 'source_values.raw_value') }} || ' at '
        || {{ readable('transitions.entered_at') }} || {{ by_whom('transitions.actor_id') }}
        || case
            when transitions.direction = 'backward' then ', against the agreed path'
            else ', skipping ' || transitions.skipped_stages || ' agreed stage(s)'
        end || '.' as message
    from transitions
    left join source_values on transitions.transition_id = source_values.event_id

)

select * from final
