with run as (

    select as_of from {{ source('build', 'build_context') }}

),

disagreements as (

    select disagreements.* from {{ ref('int_integrity__all_disagreements') }} as disagreements
    cross join run
    where disagreements.echo_until is null or run.as_of > disagreements.echo_until

),

final as (

    select
        'systems_disagree' as rule,
        'event' as subject_type,
        event_id as subject_id,
        lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        min(occurred_at) as occurred_at,
        'certain' as grade,
        {{ json_object({
            'stage': 'min(stage)',
            'source_system': 'min(source_system)',
            'other_system': 'min(other_system)',
            'occurred_at': iso_utc('min(occurred_at)'),
        }) }} as evidence,
        min(source_system) || ' says ' || min(stage) || ' since '
        || {{ readable('min(occurred_at)') }}
        || coalesce(
            ', and ' || min(other_system) || ' did not say so in time.',
            ', and the system whose word counts does not know the lead.'
        ) as message
    from disagreements
    group by event_id, lead_id

)

select * from final
