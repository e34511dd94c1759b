with handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}

),

other_findings as (

    {% for relation in [
        'int_integrity__machine_acceptance', 'int_integrity__ignored_handoff',
        'int_integrity__rejected_without_follow_up', 'int_integrity__definition',
        'int_integrity__unmapped_stage_value', 'int_integrity__unsigned_agreement',
        'int_integrity__future_or_backdated', 'int_integrity__owner_inactive', 'int_integrity__no_owner',
        'int_integrity__late_acceptance', 'int_integrity__rejection',
        'int_integrity__engaged_but_unfit', 'int_integrity__padded_activity',
        'int_integrity__history_gap', 'int_integrity__systems_disagree',
        'int_integrity__duplicate_live_record', 'int_integrity__deleted_after_handoff',
    ] %}
    {% if not loop.first %}union all{% endif %}
    select
        rule, subject_type, subject_id, lead_id, handoff_id, occurred_at, grade, evidence, message
    from {{ ref(relation) }}
    {% endfor %}

),

findings as (

    select
        rule, subject_type, subject_id, lead_id, handoff_id, occurred_at, grade, evidence, message,
        cast(null as {{ type_text() }}) as owner_id,
        cast(null as {{ type_text() }}) as team
    from {{ ref('int_integrity__move_findings') }}

    union all

    select *, null, null from other_findings

    union all

    select * from {{ ref('int_integrity__group_findings') }}

),

final as (

    select
        {{ hash_id(['findings.rule', 'findings.subject_type', 'findings.subject_id']) }}
            as finding_id,
        findings.rule,
        findings.subject_type,
        findings.subject_id,
        findings.lead_id,
        findings.handoff_id,
        findings.occurred_at,
        findings.grade,
        findings.evidence,
        findings.message,
        coalesce(findings.owner_id, handoffs.owner_id_at_offer) as owner_id,
        coalesce(findings.team, handoffs.team_at_offer) as team
    from findings
    left join handoffs on findings.handoff_id = handoffs.handoff_id

)

select * from final
