{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[
        {'columns': ['transition_id'], 'unique': true},
        {'columns': ['lead_id', 'transition_number']},
    ],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with moves as (select * from {{ ref('int_transitions__moves') }}),

touches as (

    select
        lead_id,
        {{ to_second('earliest_at') }} as earliest_second,
        {{ to_second('latest_at') }} as latest_second
    from {{ ref('int_touches__all_touches') }}
    where user_id is not null

),

owners as (

    select lead_id, source_system, owner_id, from_at, span_number
    from {{ ref('int_fields__owner_spans') }}

),

roster as (

    select agreement_version, source_system, user_id, calendar
    from {{ ref('stg_agreement__roster') }}

),

versions as (select agreement_version, default_calendar from {{ ref('int_agreement__versions') }}),

owners_then as (

    {{ last_begun('moves', ['transition_id'], 'entered_at', 'owners', 'span_number') }}

),

-- A touch in the same second as a transition lies before it; of a day without a time one counts
-- that may lie there: those begun by the move, but for those over when the one before it was.
{% for name, touch, move in [
    ('begun', 'earliest_second', 'latest_at'), ('over', 'latest_second', 'previous_earliest_at'),
] %}
told_{{ name }} as (

    select lead_id, transition_id, {{ to_second(move) }} as moment from moves
    where {{ move }} is not null

    union all

    select lead_id, null, {{ touch }} from touches

),

touches_{{ name }} as (

    select
        transition_id,
        count(*) filter (where transition_id is null) over (
            partition by lead_id order by moment, case when transition_id is null then 0 else 1 end
            rows between unbounded preceding and current row
        ) as touches
    from told_{{ name }}

),

{% endfor %}
touched as (

    select
        touches_begun.transition_id,
        touches_begun.touches - touches_over.touches as touches
    from touches_begun
    inner join touches_over on touches_begun.transition_id = touches_over.transition_id

),

measured as (

    select
        moves.*,
        coalesce(touched.touches, 0) as touches_told,
        {{ seconds_between('moves.entered_at', 'moves.exited_at') }} as seconds_in_stage,
        case
            when moves.exited_at is not null
                then {{ business_seconds(
                    'moves.agreement_version',
                    'coalesce(roster.calendar, versions.default_calendar)',
                    'moves.entered_at',
                    'moves.exited_at'
                ) }}
        end as business_seconds_in_stage
    from moves
    inner join versions on moves.agreement_version = versions.agreement_version
    left join touched on moves.transition_id = touched.transition_id
    left join owners_then on moves.transition_id = owners_then.transition_id
    left join owners
        on
            moves.lead_id = owners.lead_id
            and owners_then.span_number = owners.span_number
    {{ join_roster('moves.agreement_version', 'owners.source_system', 'owners.owner_id') }}

),

final as (

    select
        measured.*,
        {{ seconds_between('previous_at', 'entered_at') }} as seconds_in_previous_stage,
        lag(business_seconds_in_stage) over (partition by lead_id order by transition_number)
            as business_seconds_in_previous_stage
    from measured

)

select * from final
