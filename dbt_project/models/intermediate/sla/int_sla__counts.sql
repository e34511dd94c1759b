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

    select handoff_id, met_definition, is_definition_open, attributes_met
    from {{ ref('int_handoffs__qualified') }}

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
        starts.started_at as due_earliest_at,
        case when qualified.met_definition then starts.started_at end as met_at,
        -- Met at one moment of the offer's day and not at another.
        case
            when qualified.met_definition or qualified.is_definition_open
                then starts.started_at
        end as met_earliest_at,
        case
            when qualified.met_definition and not qualified.is_definition_open
                then starts.started_at
        end as met_latest_at,
        versions.minimum_attributes as required,
        qualified.attributes_met as counted,
        false as is_excused,
        false as is_excusable,
        false as is_surely_excused,
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
        due_earliest_at,
        met_at,
        {{ 'met_earliest_at' if clause == 'definition' else 'met_at' }} as met_earliest_at,
        met_latest_at,
        required,
        counted,
        is_excused,
        is_excusable,
        is_surely_excused,
        is_by_machine
    from {{ relation }}
    {% endfor %}

)

select * from final
