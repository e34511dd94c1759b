{{ config(materialized='view') }}

with offers as (

    select handoff_id, lead_id, offered_at from {{ ref('int_handoffs__offers') }}

),

versions as (

    select
        lead_id,
        source_system,
        record,
        known_from,
        row_number() over (partition by lead_id, source_system order by known_from)
            as version_number
    from {{ ref('int_fields__lead_versions') }}

),

asked as (

    select offers.handoff_id, offers.lead_id, versions.source_system, offers.offered_at
    from offers
    inner join versions on offers.lead_id = versions.lead_id and versions.version_number = 1

),

-- The newest version at the moment; before all of them the oldest one known.
versions_then as (

    {{ last_begun(
        'asked', ['handoff_id', 'lead_id', 'source_system'], 'offered_at',
        'versions', 'version_number', keys=['lead_id', 'source_system'], begins='known_from'
    ) }}

),

final as (

    select
        versions_then.handoff_id,
        versions_then.source_system,
        versions.record
    from versions_then
    inner join versions
        on
            versions_then.lead_id = versions.lead_id
            and versions_then.source_system = versions.source_system
            and versions_then.version_number = versions.version_number

)

select * from final
