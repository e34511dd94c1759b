{{ config(materialized='view') }}

with moves as (

    select * from {{ ref('int_waterfall__moves') }}

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
    cross join
        lateral (
            values
            ('into_' || to_stage, true),
            ('restated_into_' || to_stage, to_stage in ('sql', 'won') and not is_suspect)
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
