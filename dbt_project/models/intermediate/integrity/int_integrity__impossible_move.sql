with in_force as (

    select agreed_from from {{ ref('int_agreement__in_force') }}

),

transitions as (

    select transitions.* from {{ ref('int_transitions__judged') }} as transitions
    cross join in_force
    where transitions.entered_at >= in_force.agreed_from

),

previous as (

    select lead_id, transition_number, source_system, opportunity_id
    from {{ ref('int_transitions__all_transitions') }}

),

with_opportunity as (

    select distinct lead_id from {{ ref('int_events__all_stage_events') }}
    where opportunity_id is not null

),

judged as (

    select
        transitions.*,
        transitions.to_stage in ('sql', 'won')
        and with_opportunity.lead_id is null
        and transitions.are_opportunities_known as is_without_opportunity,
        coalesce(
            transitions.from_stage in ('won', 'lost', 'rejected', 'recycled', 'disqualified')
            and transitions.to_stage in ('won', 'lost', 'rejected', 'recycled', 'disqualified')
            -- What may follow a closed stage in good order.
            and not (transitions.from_stage = 'rejected' and transitions.to_stage = 'disqualified')
            and not (
                transitions.from_stage in ('rejected', 'disqualified', 'lost')
                and transitions.to_stage = 'recycled'
            )
            and not (transitions.from_stage = 'lost' and transitions.to_stage = 'won')
            and not (
                transitions.from_stage = 'won'
                and transitions.to_stage = 'lost'
                and coalesce(
                    previous.source_system = transitions.source_system
                    and previous.opportunity_id = transitions.opportunity_id,
                    false
                )
            ),
            false
        ) as is_between_closed_stages
    from transitions
    left join previous
        on
            transitions.lead_id = previous.lead_id
            and transitions.transition_number = previous.transition_number + 1
    left join with_opportunity on transitions.lead_id = with_opportunity.lead_id

),

-- What the source itself calls the stage entered.
source_values as (

    select event_id, raw_value from {{ ref('int_events__all_stage_events') }}
    where raw_value is not null

),

final as (

    select
        'impossible_move' as rule,
        'transition' as subject_type,
        judged.transition_id as subject_id,
        judged.lead_id,
        judged.transition_number,
        judged.entered_at as occurred_at,
        {{ machine_of('judged') }} as machine,
        'certain' as grade,
        {{ json_object({
            'from_stage': 'judged.from_stage',
            'to_stage': 'judged.to_stage',
            'value': 'source_values.raw_value',
            'without_opportunity': 'judged.is_without_opportunity',
            'between_closed_stages': 'judged.is_between_closed_stages',
            'actor_id': 'judged.actor_id',
            'actor_type': 'judged.actor_type',
        }) }} as evidence,
        'Moved from ' || coalesce(judged.from_stage, 'nothing') || ' to '
        || {{ stage_named('judged.to_stage', 'source_values.raw_value') }}
        || ' at ' || {{ readable('judged.entered_at') }} || {{ by_whom('judged.actor_id') }}
        || case when judged.is_between_closed_stages then ', which no lead can do' else '' end
        || case when judged.is_without_opportunity then ', without any opportunity' else '' end
        || '.' as message
    from judged
    left join source_values on judged.transition_id = source_values.event_id
    where judged.is_without_opportunity or judged.is_between_closed_stages

)

select * from final
