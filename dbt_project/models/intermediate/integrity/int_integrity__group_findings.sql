{{ config(materialized='view') }}

with final as (

    {% for relation in [
        'int_integrity__collusive_pair', 'int_integrity__cherry_picking',
        'int_integrity__mql_flood', 'int_integrity__stalled_portfolio',
        'int_integrity__too_good_pipeline',
    ] %}
    {% if not loop.first %}union all{% endif %}
    select
        rule,
        subject_type,
        subject_id,
        cast(null as {{ type_text() }}) as lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        occurred_at,
        grade,
        evidence,
        message,
        owner_id,
        team
    from {{ ref(relation) }}
    {% endfor %}

    union all

    select
        rule, subject_type, subject_id, lead_id, handoff_id, occurred_at, grade, evidence, message,
        owner_id, team
    from {{ ref('int_integrity__rubber_stamp') }}

)

select * from final
