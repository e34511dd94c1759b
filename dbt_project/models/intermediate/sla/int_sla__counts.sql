{{ config(materialized='view') }}

with follow_ups as (

    select * from {{ ref('int_sla__follow_ups') }}

),

follow_ups_before_rejection as (

    select * from {{ ref('int_sla__follow_ups_before_rejection') }}

),

starts as (

    select handoff_id, judged_version, started_at from {{ ref('int_sla__starts') }}
    where clause = 'definition'

),

qualified as (

    select handoff_id, met_definition, attributes_met from {{ ref('int_handoffs__qualified') }}

),

versions as (

    select agreement_version, minimum_attributes from {{ ref('int_agreement__versions') }}

),

-- Marketing's promise falls due the moment it is made: the lead is handed over as it then is.
definitions as (

    select
        starts.handoff_id,
        starts.started_at,
        starts.started_at as due_at,
        case when qualified.met_definition then starts.started_at end as met_at,
        versions.minimum_attributes as required,
        qualified.attributes_met as counted,
        false as is_excused,
        false as is_excusable,
        false as is_by_machine
    from starts
    inner join qualified on starts.handoff_id = qualified.handoff_id
    inner join versions on starts.judged_version = versions.agreement_version

),

{% set clauses = {
    'follow_up': 'follow_ups',
    'follow_up_before_rejection': 'follow_ups_before_rejection',
    'definition': 'definitions',
} %}

final as (

    {% for clause, relation in clauses.items() %}
    {% if not loop.first %}union all{% endif %}
    select
        handoff_id,
        '{{ clause }}' as clause,
        started_at,
        due_at,
        met_at,
        required,
        counted,
        is_excused,
        is_excusable,
        is_by_machine
    from {{ relation }}
    {% endfor %}

)

select * from final
