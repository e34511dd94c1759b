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
        versions.version_stamp,
        case when versions.version_stamp <= offers.offered_at then versions.version_stamp end
            as stamp_before_offer
    from offers
    inner join versions on offers.lead_id = versions.lead_id

),

-- The newest version at the moment, else the oldest one known.
first_records as (

    {{ first_per(
        'records_over_time', ['handoff_id', 'source_system'],
        ['stamp_before_offer desc nulls last', 'version_stamp']
    ) }}

),

final as (

    select
        handoff_id,
        source_system,
        record
    from first_records

)

select * from final
