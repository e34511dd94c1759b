{{ config(materialized='view') }}

with stays as (

    select * from {{ ref('int_transitions__all_transitions') }}
    where exited_at is null and to_stage in ('sal', 'sql')

),

in_force as (

    select as_of, agreed_from from {{ ref('int_agreement__in_force') }}

),

handoffs as (

    select lead_id, offer_number, next_offer_number, offered_at
    from {{ ref('int_handoffs__all_handoffs') }}

),

telling_sql as (

    select distinct agreement_version from {{ ref('stg_agreement__stage_map') }}
    where stage = 'sql' and is_authority and {{ is_lead_object('object_name') }}

),

spans as (

    select * from {{ ref('int_delivery__spans') }}

),

final as (

    -- A stay is judged as its handoff, and where it would be known that the lead had moved on.
    select
        stays.transition_id,
        stays.lead_id,
        stays.transition_number,
        stays.to_stage,
        stays.entered_at,
        stays.latest_at,
        stays.agreement_version,
        in_force.as_of
    from stays
    cross join in_force
    left join handoffs
        on
            stays.lead_id = handoffs.lead_id
            and stays.transition_number >= handoffs.offer_number
            and stays.transition_number < coalesce(handoffs.next_offer_number, 2147483647)
    left join telling_sql on stays.agreement_version = telling_sql.agreement_version
    left join spans
        on {{ is_delivered(
            'spans', 'opportunities', 'stays.agreement_version', 'stays.entered_at',
            'in_force.as_of'
        ) }}
    where
        coalesce(handoffs.offered_at, stays.entered_at) >= in_force.agreed_from
        and (telling_sql.agreement_version is not null or spans.kind is not null)

)

select * from final
