{{ config(materialized='view') }}

with versions as (

    select * from {{ ref('int_agreement__versions') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

agreed as (

    select min(valid_from_at) as agreed_from from versions

),

final as (

    select
        run.as_of,
        versions.agreement_version,
        versions.time_zone,
        versions.default_calendar,
        {{ local_month('run.as_of', 'versions.time_zone') }} as running_month,
        -- Before the first version nothing was agreed that a rule could judge by.
        agreed.agreed_from
    from run
    cross join agreed
    inner join versions
        on run.as_of >= versions.in_force_from and run.as_of < versions.in_force_to

)

select * from final
