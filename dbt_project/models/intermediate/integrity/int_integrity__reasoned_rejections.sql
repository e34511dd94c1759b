{{ config(materialized='view') }}

with rejected as (

    select * from {{ ref('int_integrity__rejected_handoffs') }}

),

-- Where a source keeps the reason in a field, it has to have filled it once; else an event has to
-- have brought one.
reason_fields as (

    select distinct source_system from {{ ref('stg_agreement__fields') }}
    where role = 'reason'

),

giving as (

    select distinct known.source_system
    from {{ ref('int_fields__all_known_roles') }} as known
    where known.role = 'reason'

    union

    select distinct events.source_system
    from {{ ref('int_events__all_stage_events') }} as events
    where
        events.reason is not null
        and events.source_system not in (select reason_fields.source_system from reason_fields)

),

final as (

    select
        rejected.*,
        giving.source_system is null as is_never_given
    from rejected
    left join giving on rejected.rejection_source_system = giving.source_system

)

select * from final
