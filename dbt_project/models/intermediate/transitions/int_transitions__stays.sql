{{ config(materialized='view') }}

with transitions as (

    select * from {{ ref('int_transitions__all_transitions') }}

),

handoffs as (

    select lead_id, offer_number, next_offer_number, team_at_offer
    from {{ ref('int_handoffs__all_handoffs') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

followed as (

    select
        lead_id,
        transition_number,
        to_stage as stage,
        entered_at,
        exited_at,
        seconds_in_stage,
        business_seconds_in_stage,
        lead(to_stage) over (
            partition by lead_id order by transition_number
        ) as next_stage,
        lead(direction) over (
            partition by lead_id order by transition_number
        ) as next_direction,
        lead(actor_type) over (
            partition by lead_id order by transition_number
        ) as next_actor_type
    from transitions

),

final as (

    -- A stay counts for the team of the handoff that owns it, and so does the move that ends it.
    select
        followed.lead_id,
        followed.transition_number,
        followed.stage,
        followed.next_stage,
        followed.next_direction,
        followed.next_actor_type,
        {{ local_month('followed.entered_at', 'entry.time_zone') }} as month_entered,
        {{ local_month('followed.exited_at', 'departure.time_zone') }} as month_left,
        followed.seconds_in_stage,
        followed.business_seconds_in_stage,
        segments.segment
    from followed
    inner join versions as entry
        on
            followed.entered_at >= entry.in_force_from
            and followed.entered_at < entry.in_force_to
    left join versions as departure
        on
            followed.exited_at >= departure.in_force_from
            and followed.exited_at < departure.in_force_to
    left join handoffs
        on
            followed.lead_id = handoffs.lead_id
            and followed.transition_number >= handoffs.offer_number
            and followed.transition_number < coalesce(handoffs.next_offer_number, 2147483647)
    cross join
        lateral (
            values
            ('all'),
            ('team:' || handoffs.team_at_offer)
        ) as segments (segment)
    where segments.segment is not null

)

select * from final
