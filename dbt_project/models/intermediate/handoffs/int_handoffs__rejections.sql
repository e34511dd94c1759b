{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with offers as (

    select handoff_id, lead_id, offered_at, judged_version from {{ ref('int_handoffs__offers') }}

),

responses as (

    select * from {{ ref('int_handoffs__responses') }}

),

progress as (

    select * from {{ ref('int_handoffs__progress') }}

),

moves as (

    select * from {{ ref('int_transitions__moves') }}

),

reason_fields as (

    select * from {{ ref('stg_agreement__fields') }}
    where role = 'reason'

),

spans as (

    select * from {{ ref('int_fields__spans') }}

),

reasons as (

    select * from {{ ref('stg_agreement__rejection_reasons') }}

),

-- "The rejection" is the rejection before acceptance, else the sending back after it.
exits as (

    select handoff_id, response_number as transition_number
    from responses
    where answer = 'rejected'

    union all

    select handoff_id, sent_back_number
    from progress
    where sent_back_number is not null

),

rejections as (

    select
        offers.*,
        moves.transition_number,
        moves.entered_at as rejection_at,
        moves.entered_second,
        moves.exited_at,
        moves.to_stage as rejection_stage,
        moves.actor_type,
        moves.source_system,
        moves.reason as event_reason,
        reason_fields.history_name
    from exits
    inner join offers on exits.handoff_id = offers.handoff_id
    inner join moves
        on
            offers.lead_id = moves.lead_id
            and exits.transition_number = moves.transition_number
    left join reason_fields
        on
            offers.judged_version = reason_fields.agreement_version
            and moves.source_system = reason_fields.source_system

),

-- A value that was set before the handoff opened belongs to an earlier rejection.
values_in_time as (

    select
        rejections.handoff_id,
        spans.from_at,
        spans.position,
        case when spans.set_at >= rejections.offered_at then trim(spans.value) end as reason
    from rejections
    inner join spans
        on
            rejections.lead_id = spans.lead_id
            and rejections.source_system = spans.source_system
            and rejections.history_name = spans.history_name
            and trim(spans.value) <> ''
            and (
                rejections.exited_at is null
                or spans.from_at < rejections.exited_at
                or {{ to_second('spans.from_at') }} <= rejections.entered_second
            )
            and {{ to_second('spans.to_at') }} > rejections.entered_second

),

-- The field's value at the exit, else the first one it gets before the lead's next transition.
field_reasons as (

    {{ first_per('values_in_time', ['handoff_id'], ['from_at', 'position']) }}

),

reasoned as (

    select
        rejections.*,
        -- A machine's reason is nobody's.
        case
            when rejections.actor_type = 'automation' then null
            when rejections.history_name is not null then field_reasons.reason
            else nullif(trim(rejections.event_reason), '')
        end as rejection_reason
    from rejections
    left join field_reasons on rejections.handoff_id = field_reasons.handoff_id

),

final as (

    select
        reasoned.handoff_id,
        reasoned.rejection_at,
        reasoned.entered_second as rejection_second,
        reasoned.rejection_stage,
        reasoned.actor_type as rejection_actor_type,
        reasoned.rejection_reason,
        reasons.family as rejection_family,
        coalesce(reasons.is_overqualification, false) as is_overqualification,
        -- A missing or unlisted reason needs follow-up first.
        coalesce(reasons.needs_follow_up, true) as needs_follow_up
    from reasoned
    left join reasons
        on
            reasoned.judged_version = reasons.agreement_version
            and reasoned.rejection_reason = reasons.reason

)

select * from final
