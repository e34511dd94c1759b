with run as (

    select as_of from {{ source('build', 'build_context') }}

),

calendars as (

    select distinct agreement_version, calendar from {{ ref('stg_agreement__calendars') }}

),

final as (

    select
        calendars.agreement_version,
        calendars.calendar,
        {{ business_seconds_before(
            'calendars.agreement_version', 'calendars.calendar', 'run.as_of'
        ) }}
            as working_seconds
    from calendars
    cross join run

)

select * from final
