{{ config(indexes=[{'columns': ['event_id']}]) }}

with merged as (

    select * from {{ ref('int_events__merged') }}

),

followed as (

    -- A day stands before the times that it holds: the next time tells whether it holds any.
    select
        lead_id,
        has_time_of_day,
        day_until,
        min(day_from) filter (where has_time_of_day) over (
            partition by lead_id order by merge_number
            rows between 1 following and unbounded following
        ) as next_time
    from merged

),

-- Leads of which something happened at a time of a day that other events tell without one.
mixed_leads as (

    select distinct lead_id from followed
    where not has_time_of_day and next_time <= day_until

),

numbered as (

    select
        merged.*,
        dense_rank() over (
            partition by merged.lead_id order by merged.source_system, merged.record_key
        ) as record_number,
        row_number() over (
            partition by merged.lead_id, merged.source_system, merged.record_key
            order by merged.chain_position, {{ bytewise('merged.merge_key') }}
        ) as place_in_record,
        row_number() over (
            partition by merged.lead_id order by {{ bytewise('merged.merge_key') }}
        ) as place
    from merged
    inner join mixed_leads on merged.lead_id = mixed_leads.lead_id

),

placed as (

    select
        lead_id,
        {{ positions_among_records(
            'day_from', 'day_until', 'record_number', 'place_in_record', 'place', 'merge_number'
        ) }} as positions
    from numbered
    group by lead_id

),

final as (

    select
        numbered.event_id,
        places.position as event_number
    from placed
    cross join {{ each_element('placed.positions') }} as places (position, item)
    inner join numbered
        on placed.lead_id = numbered.lead_id and places.item = numbered.merge_number

)

select * from final
