{{ config(materialized='view') }}

with handoffs as (

    select * from {{ ref('int_handoffs__judged') }}
    where rejection_stage is not null and agreement_version is not null

),

reasons as (

    select * from {{ ref('stg_agreement__rejection_reasons') }}

),

-- Where fewer touches were made than promised, that is the finding (ruling 136).
too_few as (

    select handoff_id from {{ ref('int_sla__judged') }}
    where
        clause = 'follow_up_before_rejection'
        -- Whether they were fewer the moments of days may decide.
        and (status = 'breached' or not_applicable_because = 'no_time_of_day')

),

touches as (

    select handoff_id, channel, {{ to_second('earliest_at') }} as earliest_second
    from {{ ref('int_handoffs__all_touches') }}
    where handoff_id is not null and user_id is not null

),

channels_used as (

    select distinct handoffs.handoff_id, touches.channel
    from handoffs
    inner join touches
        on
            handoffs.handoff_id = touches.handoff_id
            and {{ to_second('handoffs.rejection_latest_at') }} >= touches.earliest_second

),

channels as (

    select handoff_id, {{ joined('channel', ', ', bytewise('channel')) }} as channels
    from channels_used
    group by handoff_id

),

final as (

    select
        handoffs.handoff_id,
        handoffs.lead_id,
        handoffs.judged_version,
        handoffs.offered_at,
        coalesce(handoffs.rejected_at, handoffs.sent_back_at) as rejection_at,
        coalesce(handoffs.rejected_by_id, handoffs.sent_back_by_id) as rejected_by_id,
        handoffs.rejection_stage,
        handoffs.rejection_source_system,
        handoffs.rejection_reason,
        handoffs.met_definition and not handoffs.is_definition_open as met_definition,
        handoffs.touches_before_rejection,
        handoffs.channels_before_rejection,
        channels.channels as channels_named,
        handoffs.has_touch_before_rejection,
        handoffs.rejection_family,
        reasons.reason is not null as is_listed_reason,
        coalesce(reasons.needs_follow_up, true) as needs_follow_up,
        coalesce(reasons.is_overqualification, false) as is_overqualification,
        too_few.handoff_id is not null as has_too_few_touches
    from handoffs
    left join channels on handoffs.handoff_id = channels.handoff_id
    left join too_few on handoffs.handoff_id = too_few.handoff_id
    left join reasons
        on
            handoffs.judged_version = reasons.agreement_version
            and handoffs.rejection_reason = reasons.reason
    where coalesce(handoffs.rejected_by_type, handoffs.sent_back_by_type) <> 'automation'

)

select * from final
