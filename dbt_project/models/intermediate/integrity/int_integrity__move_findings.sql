{{ config(materialized='view') }}

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
        machine,
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
        transition_findings.machine,
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

final as (

    select
        rule, subject_type, subject_id, lead_id, handoff_id, occurred_at, machine, grade, evidence,
        message
    from placed

)

select * from final
