{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['handoff_id', 'attribute'], 'unique': true}, {'columns': ['lead_id']}],
    pre_hook="{{ forget_affected_leads() }}"
) }}

with offers as (

    select handoff_id, lead_id, judged_version from {{ ref('int_handoffs__offers') }}

),

definition as (

    select distinct agreement_version, attribute from {{ ref('stg_agreement__attributes') }}

),

attributes as (

    select handoff_id, attribute, is_met from {{ ref('int_handoffs__attributes') }}
    where is_last

),

final as (

    -- Each agreed attribute of each handoff, also those that no system could know of.
    select
        offers.handoff_id,
        offers.lead_id,
        definition.attribute,
        coalesce(attributes.is_met, false) as is_met
    from offers
    inner join definition on offers.judged_version = definition.agreement_version
    left join attributes
        on
            offers.handoff_id = attributes.handoff_id
            and definition.attribute = attributes.attribute

)

select * from final
