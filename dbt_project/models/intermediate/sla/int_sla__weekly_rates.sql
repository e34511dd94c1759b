{{ config(materialized='view') }}

with weekly as (

    select * from {{ ref('int_sla__weekly') }}

),

counted as (

    select
        week_start,
        owner_id,
        clause,
        cast(sum(due) as bigint) as due,
        cast(sum(met) as bigint) as met,
        cast(sum(breached) as bigint) as breached,
        cast(sum(still_open) as bigint) as still_open,
        cast(sum(machine_responses) as bigint) as machine_responses
    from weekly
    group by week_start, owner_id, clause

),

final as (

    select
        counted.*,
        {{ share('met', 'met + breached') }} as rate,
        {{ share_bound('met', 'met + breached', 'low') }} as rate_low,
        {{ share_bound('met', 'met + breached', 'high') }} as rate_high
    from counted

)

select * from final
