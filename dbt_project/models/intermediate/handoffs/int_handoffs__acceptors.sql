with offers as (

    select handoff_id, lead_id, judged_version from {{ ref('int_handoffs__offers') }}

),

responses as (

    select * from {{ ref('int_handoffs__responses') }}
    where answer = 'accepted'

),

spans as (

    select * from {{ ref('int_fields__owner_spans') }}

),

roster as (

    select * from {{ ref('stg_agreement__roster') }}
    where is_quota_bearing

),

final as (

    -- The quota-bearing rep who owns the lead, a change of owner in that very second included.
    select
        responses.handoff_id,
        responses.actor_type = 'human'
        and roster.user_id is not null
        and coalesce(spans.owner_id = responses.actor_id, false) as accepted_by_owner
    from responses
    inner join offers on responses.handoff_id = offers.handoff_id
    left join spans
        on
            offers.lead_id = spans.lead_id
            and spans.from_at <= responses.responded_at
            and spans.to_at > responses.responded_at
    {{ join_roster('offers.judged_version', 'responses.source_system', 'responses.actor_id') }}

)

select * from final
