{{ config(materialized='view') }}

with records as (

    select lead_id, is_survivor, record_id from {{ ref('int_identity__affected_records') }}
    where source_system = 'hubspot'

),

entries as (

    select
        records.lead_id,
        records.is_survivor,
        histories.*
    from records
    inner join {{ ref('stg_hubspot__contact_property_histories') }} as histories
        on records.record_id = histories.lead_record_id

),

changes as (

    {{ property_changes('entries', 'lead_record_id') }}

),

final as (

    select
        lead_id,
        is_survivor,
        lead_record_id,
        change_id,
        field_name,
        old_value,
        new_value,
        occurred_at,
        actor_id,
        campaign,
        reason,
        version_stamp,
        version_night,
        record
    from changes

)

select * from final
