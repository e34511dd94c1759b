{{ config(materialized='view') }}

with contacts as (

    select * from {{ ref('stg_hubspot__contacts') }}
    where merged_ids is not null

),

final as (

    -- The survivor lists the contacts that it took in.
    select
        loser.id as loser_id,
        contacts.lead_record_id as survivor_id,
        contacts.load_id,
        contacts.version_night,
        contacts.version_stamp
    from contacts
    cross join {{ each_number_in('contacts.merged_ids') }} as loser (id)
    where loser.id <> contacts.lead_record_id

)

select * from final
