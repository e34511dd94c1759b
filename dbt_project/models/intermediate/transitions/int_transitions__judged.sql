{{ config(materialized='view') }}

with transitions as (

    select * from {{ ref('int_transitions__all_transitions') }}

),

spans as (

    select * from {{ ref('int_delivery__spans') }}

),

final as (

    -- Nobody can know of a forward move whether it was silent where activities do not tell.
    select
        transitions.*,
        case
            when transitions.direction <> 'forward' or activities.kind is not null
                then transitions.touches_told
        end as touches_since_previous,
        case
            when transitions.direction <> 'forward' then false
            when activities.kind is not null then transitions.touches_told = 0
        end as is_silent,
        opportunities.kind is not null as are_opportunities_known
    from transitions
    left join spans as activities
        on {{ is_delivered(
            'activities', 'activities', 'transitions.agreement_version',
            'transitions.previous_at', 'transitions.entered_at'
        ) }}
    left join spans as opportunities
        on {{ is_delivered(
            'opportunities', 'opportunities', 'transitions.agreement_version',
            'coalesce(transitions.previous_at, transitions.entered_at)', 'transitions.entered_at'
        ) }}

)

select * from final
