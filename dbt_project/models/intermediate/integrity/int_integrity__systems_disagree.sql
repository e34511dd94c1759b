with run as (

    select as_of, agreed_from from {{ ref('int_agreement__in_force') }}

),

disagreements as (

    select disagreements.* from {{ ref('int_integrity__all_disagreements') }} as disagreements
    cross join run
    where
        (disagreements.echo_until is null or run.as_of > disagreements.echo_until)
        and disagreements.occurred_at >= run.agreed_from

),

-- What the source itself calls the stage.
source_values as (

    select event_id, raw_value from {{ ref('int_events__all_stage_events') }}
    where raw_value is not null

),

final as (

    select
        'systems_disagree' as rule,
        'event' as subject_type,
        disagreements.event_id as subject_id,
        lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        min(occurred_at) as occurred_at,
        'certain' as grade,
        {{ json_object({
            'stage': 'min(stage)',
            'value': 'min(source_values.raw_value)',
            'source_system': 'min(source_system)',
            'other_system': 'min(other_system)',
            'occurred_at': iso_utc('min(occurred_at)'),
        }) }} as evidence,
        min(source_system) || ' says '
        || {{ stage_named('min(stage)', 'min(source_values.raw_value)') }} || ' since '
        || {{ readable('min(occurred_at)') }}
        || coalesce(
            ', and ' || min(other_system) || ' did not say so in time.',
            ', and the system whose word counts does not know the lead.'
        ) as message
    from disagreements
    left join source_values on disagreements.event_id = source_values.event_id
    group by disagreements.event_id, lead_id

)

select * from final
