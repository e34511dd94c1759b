{{ config(materialized='view') }}

with in_force as (

    select agreement_version, as_of from {{ ref('int_agreement__in_force') }}

),

final as (

    {% for subject_type, rule, minimum, significance in [
        ('rep', 'rubber_stamp', 20, 0.01), ('pair', 'collusive_pair', 10, 0.05)
    ] %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ subject_type }}' as subject_type,
        {{ add_days('as_of', '-' ~ threshold(rule, 'window_days', 'agreement_version', 365)) }}
            as from_at,
        {{ threshold(rule, 'minimum_handoffs', 'agreement_version', minimum) }}
            as minimum_handoffs,
        {{ threshold(rule, 'acceptance_rate', 'agreement_version', 0.95) }} as acceptance_rate,
        {{ threshold(rule, 'progress_share', 'agreement_version', 0.67) }} as progress_share,
        {{ threshold(rule, 'significance', 'agreement_version', significance) }} as significance
    from in_force
    {% endfor %}

)

select * from final
