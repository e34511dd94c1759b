with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}

),

former_ids as (select former_id, event_id from {{ ref('int_events__former_ids') }}),

in_force as (

    select time_zone from {{ ref('int_agreement__in_force') }}

),

team_zones as (

    select team, time_zone from {{ ref('int_agreement__team_zones') }}

),

other_findings as (

    {% for relation in [
        'int_integrity__ignored_handoff',
        'int_integrity__rejected_without_follow_up', 'int_integrity__definition',
        'int_integrity__unmapped_stage_value', 'int_integrity__unsigned_agreement',
        'int_integrity__future_or_backdated', 'int_integrity__owner_inactive', 'int_integrity__no_owner',
        'int_integrity__late_acceptance', 'int_integrity__rejection',
        'int_integrity__engaged_but_unfit', 'int_integrity__padded_activity',
        'int_integrity__history_gap', 'int_integrity__systems_disagree',
        'int_integrity__duplicate_live_record', 'int_integrity__deleted_after_handoff',
        'int_integrity__not_delivered',
    ] %}
    {% if not loop.first %}union all{% endif %}
    select
        rule, subject_type, subject_id, lead_id, handoff_id, occurred_at, grade, evidence, message
    from {{ ref(relation) }}
    {% endfor %}

),

findings as (

    {% for relation in ['int_integrity__move_findings', 'int_integrity__machine_acceptance'] %}
    select
        rule, subject_type, subject_id, lead_id, handoff_id, occurred_at, grade, evidence, message,
        cast(null as {{ type_text() }}) as owner_id,
        cast(null as {{ type_text() }}) as team,
        machine
    from {{ ref(relation) }}

    union all
    {% endfor %}

    select *, null, null, null from other_findings

    union all

    select *, null from {{ ref('int_integrity__group_findings') }}

),

-- A machine goes by what the agreement says of it.
machines as (

    select listed.user_id, min({{ bytewise('listed.description') }}) as description
    from {{ ref('stg_agreement__automation_users') }} as listed
    inner join {{ ref('int_agreement__in_force') }} as in_force
        on listed.agreement_version = in_force.agreement_version
    group by listed.user_id

),

placed as (

    select
        findings.*,
        coalesce(findings.owner_id, handoffs.owner_id_at_offer) as owner,
        coalesce(findings.team, handoffs.team_at_offer) as owners_team,
        coalesce(machines.description || ' (' || findings.machine || ')', findings.machine)
            as machine_named
    from findings
    left join machines on findings.machine = machines.user_id
    left join handoffs on findings.handoff_id = handoffs.handoff_id

),

final as (

    select
        {{ hash_id(['placed.rule', 'placed.subject_type', 'placed.subject_id']) }} as finding_id,
        case
            when former_ids.former_id is not null
                then {{ hash_id(['placed.rule', 'placed.subject_type', 'former_ids.former_id']) }}
        end as former_finding_id,
        placed.rule,
        placed.subject_type,
        placed.subject_id,
        placed.lead_id,
        placed.handoff_id,
        placed.occurred_at,
        placed.grade,
        placed.evidence,
        {{ in_zone('placed.message', 'coalesce(team_zones.time_zone, in_force.time_zone)') }}
            as message,
        placed.owner as owner_id,
        placed.owners_team as team,
        placed.machine_named as machine
    from placed
    cross join in_force
    left join team_zones on placed.owners_team = team_zones.team
    left join former_ids
        on
            placed.subject_id = former_ids.event_id
            and placed.subject_type in ('event', 'transition', 'handoff')

)

select * from final
