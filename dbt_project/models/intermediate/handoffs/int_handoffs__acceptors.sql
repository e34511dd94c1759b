with offers as (

    select handoff_id, lead_id, judged_version from {{ ref('int_handoffs__offers') }}

),

responses as (

    select
        responses.handoff_id, responses.actor_id, responses.actor_type, responses.source_system,
        responses.responded_at, offers.lead_id, offers.judged_version
    from {{ ref('int_handoffs__responses') }} as responses
    inner join offers on responses.handoff_id = offers.handoff_id
    where responses.answer = 'accepted'

),

spans as (

    select * from {{ ref('int_fields__owner_spans') }}

),

roster as (

    select * from {{ ref('stg_agreement__roster') }}
    where is_quota_bearing

),

owners_then as (

    {{ last_begun('responses', ['handoff_id'], 'responded_at', 'spans', 'span_number') }}

),

final as (

    -- The quota-bearing rep who owns the lead, a change of owner in that very second included.
    select
        responses.handoff_id,
        responses.actor_type = 'human'
        and roster.user_id is not null
        and coalesce(spans.owner_id = responses.actor_id, false) as accepted_by_owner
    from responses
    left join owners_then on responses.handoff_id = owners_then.handoff_id
    left join spans
        on
            responses.lead_id = spans.lead_id
            and owners_then.span_number = spans.span_number
    {{ join_roster('responses.judged_version', 'responses.source_system', 'responses.actor_id') }}

)

select * from final
