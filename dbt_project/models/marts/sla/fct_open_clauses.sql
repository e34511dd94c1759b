with listed as (

    select * from {{ ref('int_sla__open_clauses') }}

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

managers as (

    select roster.user_id, min({{ bytewise('roster.manager_id') }}) as manager_id
    from {{ ref('stg_agreement__roster') }} as roster
    inner join in_force on roster.agreement_version = in_force.agreement_version
    group by roster.user_id

),

managed as (

    select
        listed.*,
        coalesce(managers.manager_id, listed.manager_id) as rep_manager_id
    from listed
    left join managers on listed.rep_id = managers.user_id

),

final as (

    select
        managed.handoff_id,
        managed.lead_id,
        managed.clause,
        row_number() over (
            order by
                managed.at_risk desc, managed.due_at, {{ bytewise('managed.handoff_id') }},
                {{ bytewise('managed.clause') }}
        ) as urgency,
        managed.status,
        managed.at_risk,
        managed.started_at,
        managed.due_at,
        round({{ seconds_between('managed.run_as_of', 'managed.due_at') }} / 3600, 6)
            as hours_to_due,
        managed.required,
        managed.actual,
        managed.margin,
        managed.owner_id,
        managed.team,
        managed.manager_id,
        managed.tier,
        managed.agreement_version,
        managed.current_stage,
        managed.current_owner_id,
        managed.escalation,
        case managed.escalation
            when 'owner' then managed.rep_id
            when 'manager' then coalesce(managed.rep_manager_id, managed.rep_id)
            else coalesce(above.manager_id, managed.rep_manager_id, managed.rep_id)
        end as escalate_to_id,
        managed.run_as_of
    from managed
    left join managers as above on managed.rep_manager_id = above.user_id

)

select * from final
