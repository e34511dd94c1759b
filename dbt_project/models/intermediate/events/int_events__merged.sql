{{ config(indexes=[{'columns': ['lead_id', 'merge_number']}]) }}

with events as (

    select * from {{ ref('int_events__classified') }}
    where is_authority

),

keyed as (

    -- At equal stage and second a status change comes before the opportunity that it made.
    select
        events.*,
        lpad(cast(stage_rank as {{ type_text() }}), 3, '0')
        || case when opportunity_id is null then '0' else '1' end
        || source_system || '|' || source_event_id as merge_key
    from events

),

headed as (

    -- Records are merged by taking the smallest head again and again. That is the order of each
    -- event's largest key so far within its record: what follows a large head comes right after it.
    -- A day stands where it begins.
    select
        keyed.*,
        row_number() over (
            partition by lead_id, source_system, record_key, day_from, day_until
            order by chain_position, {{ bytewise('merge_key') }}
        ) as record_position
    from keyed

),

merged as (

    select
        headed.*,
        max({{ bytewise('merge_key') }}) over (
            partition by lead_id, source_system, record_key, day_from, day_until
            order by record_position
            rows between unbounded preceding and current row
        ) as head_key
    from headed

),

final as (

    select
        merged.*,
        row_number() over (
            partition by lead_id
            order by day_from, day_until, {{ bytewise('head_key') }}, record_position
        ) as merge_number
    from merged

)

select * from final
