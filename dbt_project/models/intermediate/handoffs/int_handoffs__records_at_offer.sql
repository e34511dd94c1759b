{{ config(materialized='view') }}

with readings as (

    select * from {{ ref('int_handoffs__readings') }}

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

    select
        readings.handoff_id, readings.reading, readings.lead_id, versions.source_system,
        readings.read_at
    from readings
    inner join versions on readings.lead_id = versions.lead_id and versions.version_number = 1

),

-- The newest version at the moment; before all of them the oldest one known.
versions_then as (

    {{ last_begun(
        'asked', ['handoff_id', 'reading', 'lead_id', 'source_system'], 'read_at',
        'versions', 'version_number', keys=['lead_id', 'source_system'], begins='known_from'
    ) }}

),

final as (

    select
        versions_then.handoff_id,
        versions_then.reading,
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
