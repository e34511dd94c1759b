{{ config(materialized='view') }}

with leads as (

    select
        lead_id,
        current_stage as stage,
        current_stage_entered_at as entered_at,
        current_stage_entered_latest_at as entered_latest_at,
        coalesce(current_owner_id, 'nobody') as owner_id
    from {{ ref('int_leads__all_leads') }}
    where not is_deleted

),

stages as (

    select stage from {{ ref('stg_agreement__stages') }}
    where kind = 'open'

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

limits as (

    select
        versions.agreement_version,
        versions.in_force_from,
        versions.in_force_to,
        {{ threshold('stalled_lead', 'stall_days', 'versions.agreement_version', 90) }}
            as stall_days
    from {{ ref('int_agreement__versions') }} as versions

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

teams as (

    select roster.user_id, min({{ bytewise('roster.team') }}) as team
    from {{ ref('stg_agreement__roster') }} as roster
    inner join in_force on roster.agreement_version = in_force.agreement_version
    group by roster.user_id

),

final as (

    -- The stall days are those of the version under which the stay began, as for the finding.
    select
        leads.lead_id,
        leads.stage,
        leads.owner_id,
        teams.team,
        {{ seconds_between('leads.entered_at', 'run.as_of') }} / 86400 as age_days,
        run.as_of > {{ add_days('leads.entered_latest_at', 'limits.stall_days') }} as is_stalled
    from leads
    cross join run
    inner join stages on leads.stage = stages.stage
    inner join limits
        on
            leads.entered_at >= limits.in_force_from
            and leads.entered_at < limits.in_force_to
    left join teams on leads.owner_id = teams.user_id

)

select * from final
