{{ config(materialized='view') }}

with versions as (

    select * from {{ ref('int_agreement__versions') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

final as (

    select
        run.as_of,
        versions.agreement_version,
        versions.time_zone,
        versions.default_calendar,
        {{ local_month('run.as_of', 'versions.time_zone') }} as running_month
    from run
    inner join versions
        on run.as_of >= versions.in_force_from and run.as_of < versions.in_force_to

)

select * from final
