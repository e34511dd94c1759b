with promotions as (

    select signals.* from {{ ref('int_integrity__promotion_signals') }} as signals
    inner join {{ ref('int_agreement__in_force') }} as in_force
        on signals.entered_at >= in_force.agreed_from

),

signalled as (

    select
        promotions.*,
        {{ how_many(['is_machine', 'has_timer', 'has_batch']) }} as signals
    from promotions

),

-- What the source itself calls the stage entered.
source_values as (

    select event_id, raw_value from {{ ref('int_events__all_stage_events') }}
    where raw_value is not null

),

final as (

    select
        'silent_auto_promotion' as rule,
        'transition' as subject_type,
        signalled.transition_id as subject_id,
        signalled.lead_id,
        signalled.transition_number,
        signalled.entered_at as occurred_at,
        case
            when actor_type = 'automation' then coalesce(actor_id, campaign)
            when is_machine then campaign
        end as machine,
        {{ grade('case when may_be_more_than_possible then signals else 1 end') }} as grade,
        {{ json_object({
            'from_stage': 'from_stage',
            'to_stage': 'to_stage',
            'value': 'source_values.raw_value',
            'previous_entered_at': iso_utc('previous_entered_at'),
            'entered_at': iso_utc('entered_at'),
            'elapsed_days': 'round(elapsed_days, 3)',
            'touches_since_previous': 'touches_since_previous',
            'actor_id': 'actor_id',
            'actor_type': 'actor_type',
            'reason': 'reason',
            'campaign': 'campaign',
            'machine': 'is_machine',
            'timer': 'has_timer',
            'inferred_timer': 'inferred_timer',
            'rule_suspected': 'rule_suspected',
            'batch': 'has_batch',
            'in_batch': 'in_batch',
        }) }} as evidence,
        'Promoted from ' || from_stage || ' to '
        || {{ stage_named('to_stage', 'source_values.raw_value') }} || ' at '
        || {{ readable('entered_at') }} || ' after ' || round(elapsed_days, 1)
        || ' days with ' || coalesce(cast(touches_since_previous as {{ type_text() }}), 'unknown')
        || ' sales touches'
        || case
            when actor_type = 'automation'
                then ', by the automation ' || coalesce(actor_id, campaign, 'of a reason')
            when is_machine then ', by an automation as its reason says'
            else coalesce(', by ' || actor_id, '')
        end
        || case when has_timer then ', as a timer would' else '' end
        || case when has_batch then ', in a batch of ' || in_batch else '' end || '.' as message
    from signalled
    left join source_values on signalled.transition_id = source_values.event_id
    where signals >= 1

)

select * from final
