with merges as (

    select * from {{ ref('stg_marketo__activities') }}
    where activity_type_id = 32

),

final as (

    -- The activity stands on the survivor; the losers are listed in its attributes.
    select
        merges.activity_id,
        loser.id as loser_id,
        merges.lead_record_id as survivor_id,
        merges.occurred_at,
        merges.load_id,
        merges.version_night,
        merges.version_stamp
    from merges
    cross join {{ each_number_in(json_value('merges.attributes', "'Merge IDs'")) }} as loser (id)
    where loser.id <> merges.lead_record_id

)

select * from final
