with legs as (

    select * from {{ ref('int_handoffs__all_legs') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

clock_now as (

    select * from {{ ref('int_sla__working_seconds_by_now') }}

),

final as (

    select
        legs.handoff_id,
        legs.lead_id,
        legs.leg_number,
        legs.owner_id,
        legs.from_at,
        legs.to_at,
        round(
            coalesce(
                legs.business_seconds_held,
                greatest(clock_now.working_seconds - legs.working_seconds_before_start, 0)
            ) / 3600,
            6
        ) as business_hours_held,
        legs.responded,
        run.as_of as run_as_of
    from legs
    cross join run
    left join clock_now
        on
            legs.judged_version = clock_now.agreement_version
            and legs.calendar = clock_now.calendar

)

select * from final
