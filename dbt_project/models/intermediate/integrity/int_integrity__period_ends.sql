{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

in_force as (

    select agreement_version, as_of, time_zone from {{ ref('int_agreement__in_force') }}

),

versions as (

    select
        agreement_version,
        time_zone,
        valid_from_at,
        in_force_to,
        {{ threshold('mql_flood', 'edge_days', 'versions.agreement_version', 3) }} as edge_days
    from {{ ref('int_agreement__versions') }} as versions

),

span as (

    select
        min(handoffs.offered_on) as first_day,
        {{ add_calendar_days(local_date('min(in_force.as_of)', 'min(in_force.time_zone)'), -1) }}
            as last_day
    from handoffs
    cross join in_force

),

-- The shortest period for which marketing promises a number, since the longer one ends with it too;
-- quarters where it promises none.
kind as (

    select coalesce(min(commitments.period_kind), 'quarter') as period_kind
    from in_force
    left join {{ ref('stg_agreement__commitments') }} as commitments
        on in_force.agreement_version = commitments.agreement_version

),

days as (

    select cast(each.day as date) as day from span
    cross join {{ each_day('span.first_day', 'span.last_day') }} as each (day)

),

placed as (

    select
        kind.period_kind,
        {{ period_start('kind.period_kind', 'days.day') }} as period_start,
        days.day
    from days
    cross join kind

),

ends as (

    select
        placed.*,
        versions.agreement_version,
        {{ next_period('placed.period_kind', 'placed.period_start') }} as next_start,
        placed.day >= {{ add_calendar_days(
            next_period('placed.period_kind', 'placed.period_start'),
            '-cast(versions.edge_days as integer)'
        ) }} as is_end
    from placed
    inner join versions
        on
            {{ midnight('placed.period_start', 'versions.time_zone') }} >= versions.valid_from_at
            and {{ midnight('placed.period_start', 'versions.time_zone') }} < versions.in_force_to

),

counted as (

    select
        offered_on,
        count(*) as handoffs,
        count(met_definition) as judged,
        count(*) filter (where met_definition) as met,
        count(*) filter (where offered_by_type = 'human') as by_person
    from handoffs
    group by offered_on

),

final as (

    select
        ends.period_kind,
        ends.period_start,
        ends.next_start,
        ends.agreement_version,
        ends.day,
        ends.is_end,
        coalesce(counted.handoffs, 0) as handoffs,
        coalesce(counted.judged, 0) as judged,
        coalesce(counted.met, 0) as met,
        coalesce(counted.by_person, 0) as by_person,
        -- What such a weekday brings elsewhere than at the end of a period.
        round(avg(coalesce(counted.handoffs, 0)) filter (where not ends.is_end) over (
            partition by {{ iso_weekday('ends.day') }}
        ), 6) as usual_handoffs
    from ends
    left join counted on ends.day = counted.offered_on

)

select * from final
