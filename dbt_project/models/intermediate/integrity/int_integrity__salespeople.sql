with roster as (

    select * from {{ ref('stg_agreement__roster') }}

),

automation_users as (

    select agreement_version, source_system, user_id
    from {{ ref('stg_agreement__automation_users') }}

),

final as (

    -- A person whom two systems know by one id is one person; a machine on the roster is none.
    select
        roster.agreement_version,
        roster.user_id,
        min({{ bytewise('roster.team') }}) as team,
        bool_or(
            roster.job_function = 'sales'
            and roster.is_quota_bearing
            and lower(roster.role) <> 'bdr'
        ) as is_rep,
        bool_or(roster.job_function = 'teleservices' or lower(roster.role) = 'bdr') as is_bdr
    from roster
    left join automation_users
        on
            roster.agreement_version = automation_users.agreement_version
            and roster.source_system = automation_users.source_system
            and roster.user_id = automation_users.user_id
    where automation_users.user_id is null
    group by roster.agreement_version, roster.user_id

)

select * from final
