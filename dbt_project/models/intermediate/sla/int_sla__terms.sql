{{ config(indexes=[{'columns': ['handoff_id', 'clause'], 'unique': true}]) }}

with offers as (

    select handoff_id, agreement_version from {{ ref('int_handoffs__offers') }}
    where agreement_version is not null

),

qualified as (

    select handoff_id, tier from {{ ref('int_handoffs__qualified') }}

),

terms as (

    select * from {{ ref('stg_agreement__sla_terms') }}

),

final as (

    select
        offers.handoff_id,
        terms.clause,
        terms.due_in,
        terms.due_unit,
        terms.touches,
        terms.channels
    from offers
    inner join qualified on offers.handoff_id = qualified.handoff_id
    inner join terms
        on offers.agreement_version = terms.agreement_version and qualified.tier = terms.tier

)

select * from final
