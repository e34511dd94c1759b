{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_marketing__handoffs') }}

),

automation_users as (

    select agreement_version, source_system, user_id
    from {{ ref('stg_agreement__automation_users') }}

),

roster as (

    select
        agreement_version,
        source_system,
        user_id,
        job_function = 'teleservices' or lower(role) = 'bdr' as is_bdr
    from {{ ref('stg_agreement__roster') }}
    where job_function in ('marketing', 'teleservices') or lower(role) = 'bdr'

),

people as (

    -- A machine stays a machine, also where somebody put it on the roster.
    select roster.*
    from roster
    left join automation_users
        on
            roster.agreement_version = automation_users.agreement_version
            and roster.source_system = automation_users.source_system
            and roster.user_id = automation_users.user_id
    where automation_users.user_id is null

),

final as (

    -- Who handed the lead over.
    select
        'offered' as leg,
        people.source_system,
        people.user_id,
        handoffs.*
    from handoffs
    inner join people
        on
            handoffs.judged_version = people.agreement_version
            and handoffs.offered_by_source_system = people.source_system
            and handoffs.offered_by_id = people.user_id

    union all

    -- Who held it when it was handed over, to look at it and pass it on to a rep.
    select
        'routed',
        people.source_system,
        people.user_id,
        handoffs.*
    from handoffs
    inner join people
        on
            handoffs.judged_version = people.agreement_version
            and handoffs.owner_source_system = people.source_system
            and handoffs.owner_id_at_offer = people.user_id
            and people.is_bdr

)

select * from final
