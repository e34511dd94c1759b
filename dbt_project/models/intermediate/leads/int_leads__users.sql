with in_force as (

    select agreement_version, default_calendar from {{ ref('int_agreement__in_force') }}

),

newest as (

    select * from {{ ref('int_leads__user_versions') }}
    where version_rank = 1

),

roster as (

    select roster.* from {{ ref('stg_agreement__roster') }} as roster
    inner join in_force on roster.agreement_version = in_force.agreement_version

),

automation_users as (

    select automation_users.* from {{ ref('stg_agreement__automation_users') }} as automation_users
    inner join in_force on automation_users.agreement_version = in_force.agreement_version

),

everybody as (

    select source_system, user_id from newest
    union
    select source_system, user_id from roster
    union
    select source_system, user_id from automation_users

),

final as (

    select
        everybody.user_id,
        everybody.source_system,
        coalesce(newest.name, roster.name, automation_users.description) as name,
        coalesce(roster.role, newest.role) as role,
        coalesce(roster.team, newest.team) as team,
        coalesce(roster.manager_id, newest.manager_id) as manager_id,
        coalesce(newest.is_active, true) as is_active,
        coalesce(roster.is_quota_bearing, false) as is_quota_bearing,
        case
            when automation_users.user_id is not null then 'automation'
            else 'human'
        end as actor_type,
        coalesce(roster.calendar, in_force.default_calendar) as calendar
    from everybody
    cross join in_force
    left join newest
        on everybody.source_system = newest.source_system and everybody.user_id = newest.user_id
    left join roster
        on everybody.source_system = roster.source_system and everybody.user_id = roster.user_id
    left join automation_users
        on
            everybody.source_system = automation_users.source_system
            and everybody.user_id = automation_users.user_id

)

select * from final
