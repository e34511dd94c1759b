{{ config(materialized='view') }}

with moves as (

    select * from {{ ref('int_waterfall__all_moves') }}

),

suspects as (

    select lead_id, transition_number from {{ ref('int_waterfall__suspect_moves') }}

),

contributions as (

    select * from {{ ref('int_waterfall__contributions') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

cohorts as (

    select distinct lead_id, journey_number, cohort_month from moves

),

-- A suspect move counts as it is, and not where the funnel is restated without such moves.
named_moves as (

    select
        moves.*,
        names.measure
    from moves
    left join suspects
        on
            moves.lead_id = suspects.lead_id
            and moves.transition_number = suspects.transition_number
    cross join
        lateral (
            values
            ('into_' || moves.to_stage, true),
            (
                'restated_into_' || moves.to_stage,
                moves.to_stage in ('sql', 'won') and suspects.lead_id is null
            )
        ) as names (measure, is_counted)
    where names.is_counted

),

first_moves as (

    {{ first_per(
        'named_moves', ['lead_id', 'journey_number', 'measure'], ['transition_number']
    ) }}

),

final as (

    select
        'activity' as basis,
        month,
        measure,
        lead_source,
        tier,
        team,
        cast(1 as numeric) as amount,
        cast(null as {{ type_text() }}) as currency
    from named_moves
    -- A month in which nothing else happened than moves that no column counts has no row.
    where to_stage in ('inquiry', 'mql', 'sql', 'won', 'lost')

    union all

    -- A journey counts once for a stage, however often it was there.
    select
        'cohort',
        cohort_month,
        measure,
        lead_source,
        journey_tier,
        journey_team,
        cast(1 as numeric),
        cast(null as {{ type_text() }})
    from first_moves

    union all

    select
        'activity',
        {{ local_month('contributions.moment', 'versions.time_zone') }},
        contributions.measure, contributions.lead_source, contributions.tier, contributions.team,
        contributions.amount, contributions.currency
    from contributions
    inner join versions
        on
            contributions.moment >= versions.in_force_from
            and contributions.moment < versions.in_force_to

    union all

    select
        'cohort', cohorts.cohort_month, contributions.measure, contributions.lead_source,
        contributions.tier, contributions.team, contributions.amount, contributions.currency
    from contributions
    inner join cohorts
        on
            contributions.lead_id = cohorts.lead_id
            and contributions.journey_number = cohorts.journey_number

)

select * from final
