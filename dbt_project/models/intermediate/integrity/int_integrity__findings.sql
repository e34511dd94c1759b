with transition_findings as (

    {% for relation in [
        'int_integrity__silent_auto_promotion', 'int_integrity__stalled_lead', 'int_integrity__path',
        'int_integrity__impossible_move',
    ] %}
    {% if not loop.first %}union all{% endif %}
    select
        rule,
        subject_type,
        subject_id,
        lead_id,
        transition_number,
        occurred_at,
        grade,
        evidence,
        message
    from {{ ref(relation) }}
    {% endfor %}

),

handoffs as (

    select * from {{ ref('int_handoffs__all_handoffs') }}

),

opened_before as (

    select
        transition_findings.rule,
        transition_findings.subject_type,
        transition_findings.subject_id,
        transition_findings.lead_id,
        handoffs.handoff_id,
        handoffs.offer_number,
        transition_findings.occurred_at,
        transition_findings.grade,
        transition_findings.evidence,
        transition_findings.message
    from transition_findings
    left join handoffs
        on
            transition_findings.lead_id = handoffs.lead_id
            and transition_findings.transition_number >= handoffs.offer_number

),

-- A move belongs to the handoff that was open when it happened.
placed as (

    {{ first_per('opened_before', ['rule', 'subject_id'], ['offer_number desc']) }}

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
        rule, subject_type, subject_id, lead_id, handoff_id, occurred_at, grade, evidence, message
    from placed

    union all

    select * from other_findings

),

final as (

    select
        {{ hash_id(['findings.rule', 'findings.subject_type', 'findings.subject_id']) }}
            as finding_id,
        findings.*,
        handoffs.owner_id_at_offer as owner_id,
        handoffs.team_at_offer as team
    from findings
    left join handoffs on findings.handoff_id = handoffs.handoff_id

)

select * from final
