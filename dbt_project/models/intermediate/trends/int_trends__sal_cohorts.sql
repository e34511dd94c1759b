with transitions as (

    select
        lead_id, journey_number, transition_number, to_stage, entered_at, exited_at, actor_type
    from {{ ref('int_transitions__all_transitions') }}

),

handoffs as (

    select lead_id, journey_number, handoff_number, offer_number, offered_at, outcome
    from {{ ref('int_handoffs__judged') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

offers as (

    select
        lead_id,
        journey_number,
        min(offer_number) as first_offer_number,
        min(offered_at) as first_offered_at,
        count(*) as handoffs,
        count(*) filter (where outcome = 'pending') as pending
    from handoffs
    group by lead_id, journey_number

),

journeys as (

    select
        transitions.lead_id,
        transitions.journey_number,
        min(transitions.entered_at) as started_at,
        coalesce(max(offers.handoffs), 0) as handoffs,
        coalesce(max(offers.pending), 0) as pending,
        bool_or(to_stage = 'inquiry') as is_inquiry,
        bool_or(to_stage = 'mql') as is_mql,
        bool_or(to_stage = 'sql') as is_sql,
        bool_or(to_stage = 'won') as is_won,
        bool_or(exited_at is null and to_stage in ('inquiry', 'mql', 'tql', 'sal', 'sql'))
            as is_open,
        case
            when bool_or(to_stage = 'sal' and actor_type = 'human') then 'person'
            when bool_or(to_stage = 'sal' and actor_type = 'automation') then 'machine'
            when bool_or(to_stage = 'sal') then 'unknown'
            when bool_or(to_stage in ('sql', 'won')) then 'skipped'
            else 'not_reached'
        end as sal_stage,
        {{ seconds_between(
            'max(offers.first_offered_at)',
            "min(entered_at) filter (where to_stage = 'sql' and transition_number > first_offer_number)"
        ) }} as seconds_to_sql,
        {{ seconds_between(
            'max(offers.first_offered_at)',
            "min(entered_at) filter (where to_stage = 'won' and transition_number > first_offer_number)"
        ) }} as seconds_to_won
    from transitions
    left join offers
        on
            transitions.lead_id = offers.lead_id
            and transitions.journey_number = offers.journey_number
    group by transitions.lead_id, transitions.journey_number

),

dated as (

    select
        journeys.*,
        {{ local_month('journeys.started_at', 'versions.time_zone') }} as month
    from journeys
    inner join versions
        on
            journeys.started_at >= versions.in_force_from
            and journeys.started_at < versions.in_force_to

),

final as (

    select
        month,
        sal_stage,
        count(*) as journeys,
        count(*) filter (where is_inquiry) as inquiries,
        count(*) filter (where is_mql) as mqls,
        cast(sum(handoffs) as bigint) as handoffs,
        count(*) filter (where is_sql) as sqls,
        count(*) filter (where is_won) as won,
        count(*) filter (where is_sql and is_won) as won_of_sqls,
        count(*) filter (where is_open) as open_journeys,
        cast(sum(pending) as bigint) as pending,
        {{ median_hours('seconds_to_sql') }} as median_hours_to_sql,
        {{ median_hours('seconds_to_won') }} as median_hours_to_won
    from dated
    group by month, sal_stage

)

select * from final
