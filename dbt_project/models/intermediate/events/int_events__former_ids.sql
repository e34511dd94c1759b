{{ config(materialized='view') }}

with events as (

    select event_id, source_system, source_event_id, opportunity_id
    from {{ ref('int_events__all_stage_events') }}

),

renamed as (

    select
        event_id,
        {{ hash_id(['source_system', 'source_event_id']) }} as former_id
    from events
    where opportunity_id is not null

),

final as (

    -- An id that an event of a lead bears is that event's, whatever an opportunity was called.
    select renamed.former_id, renamed.event_id
    from renamed
    left join events on renamed.former_id = events.event_id
    where events.event_id is null

)

select * from final
