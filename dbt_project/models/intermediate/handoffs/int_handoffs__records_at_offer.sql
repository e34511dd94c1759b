{{ config(materialized='view') }}

with offers as (

    select handoff_id, lead_id, offered_at from {{ ref('int_handoffs__offers') }}

),

versions as (

    select * from {{ ref('int_fields__lead_versions') }}

),

records_over_time as (

    select
        offers.handoff_id,
        versions.source_system,
        versions.record,
        versions.known_from
    from offers
    inner join versions
        on offers.lead_id = versions.lead_id and versions.known_from <= offers.offered_at

),

-- The newest version at the moment; before all of them the oldest one known.
first_records as (

    {{ first_per('records_over_time', ['handoff_id', 'source_system'], ['known_from desc']) }}

),

final as (

    select
        handoff_id,
        source_system,
        record
    from first_records

)

select * from final
