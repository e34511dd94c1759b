with velocity as (

    select * from {{ ref('int_transitions__velocity_monthly') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

final as (

    select
        velocity.month,
        velocity.from_stage,
        velocity.to_stage,
        velocity.segment,
        velocity.direction,
        velocity.moves,
        velocity.moves_by_person,
        velocity.moves_by_machine,
        velocity.median_hours,
        velocity.p90_hours,
        velocity.median_business_hours,
        velocity.p90_business_hours,
        velocity.stays_entered,
        velocity.stays_converted,
        {{ share('velocity.stays_converted', 'velocity.stays_entered') }} as conversion_rate,
        {{ share_bound('velocity.stays_converted', 'velocity.stays_entered', 'low') }}
            as conversion_rate_low,
        {{ share_bound('velocity.stays_converted', 'velocity.stays_entered', 'high') }}
            as conversion_rate_high,
        velocity.stays_open = 0 as is_mature,
        run.as_of as run_as_of
    from velocity
    cross join run

)

select * from final
