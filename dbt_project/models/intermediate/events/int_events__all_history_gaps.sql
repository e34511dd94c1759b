{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['lead_id']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with lead_changes as (

    select * from {{ ref('int_events__ordered_changes') }}
    where is_stage_field

),

deal_changes as (

    select * from {{ ref('int_opportunities__ordered_changes') }}

),

changes as (

    select
        lead_id, source_system, object_name, record_id, field_name, change_id, old_value,
        new_value, occurred_at, actor_id, agreement_version, chain_position
    from lead_changes

    union all

    select
        lead_id, source_system, {{ opportunity_object('source_system') }}, opportunity_id,
        field_name, change_id, old_value, new_value, occurred_at, actor_id, agreement_version,
        chain_position
    from deal_changes

),

chained as (

    select
        changes.*,
        row_number() over (
            partition by source_system, object_name, record_id, field_name order by chain_position
        ) as position,
        lag(new_value) over (
            partition by source_system, object_name, record_id, field_name order by chain_position
        ) as last_new_value
    from changes

),

final as (

    -- A break in the chain is history that is missing: counted, not papered over.
    select
        lead_id,
        {{ stage_event_id('source_system', 'object_name', 'change_id') }} as event_id,
        source_system,
        record_id,
        field_name,
        old_value,
        new_value,
        last_new_value,
        occurred_at,
        actor_id,
        agreement_version
    from chained
    where position > 1 and last_new_value is distinct from old_value

)

select * from final
