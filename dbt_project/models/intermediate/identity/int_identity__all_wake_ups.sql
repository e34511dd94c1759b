{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['lead_id']}, {'columns': ['wakes_at']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with run as (

    select as_of from {{ source('build', 'build_context') }}

),

records as (

    select lead_id, source_system, record_id, created_at, contact_id
    from {{ ref('int_identity__affected_records') }}

),

dated as (

    -- Landed rows whose own date lies at or after as_of: a later night has to look at their lead
    -- again.
    select records.lead_id, events.occurred_at as wakes_at
    from {{ ref('stg_generic__lead_events') }} as events
    inner join
        records
        on records.source_system = 'generic' and events.lead_record_id = records.record_id

    union all

    select lead_id, greatest(occurred_at, visible_at)
    from {{ ref('int_touches__activities') }}

    union all

    select lead_id, created_at
    from {{ ref('int_opportunities__versions') }}

    union all

    select lead_id, closed_at
    from {{ ref('int_opportunities__versions') }}

    union all

    select lead_id, created_at
    from records

),

waiting as (

    select
        dated.lead_id,
        min(dated.wakes_at) as wakes_at
    from dated
    cross join run
    where dated.wakes_at >= run.as_of
    group by dated.lead_id

),

final as (

    select
        waiting.lead_id,
        records.source_system,
        records.record_id,
        waiting.wakes_at
    from waiting
    inner join records on waiting.lead_id = records.lead_id

)

select * from final
