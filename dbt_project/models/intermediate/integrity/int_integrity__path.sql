with transitions as (

    select * from {{ ref('int_transitions__all_transitions') }}
    where skipped_stages > 0 or direction = 'backward'

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
        'certain' as grade,
        {{ json_object({
            'from_stage': 'transitions.from_stage',
            'to_stage': 'transitions.to_stage',
            'skipped_stages': 'transitions.skipped_stages',
            'actor_id': 'transitions.actor_id',
            'actor_type': 'transitions.actor_type',
        }) }} as evidence,
        'Moved from ' || transitions.from_stage || ' to ' || transitions.to_stage || ' at '
        || {{ readable('transitions.entered_at') }}
        || case
            when transitions.direction = 'backward' then ', against the agreed path'
            else ', skipping ' || transitions.skipped_stages || ' agreed stage(s)'
        end || '.' as message
    from transitions

)

select * from final
