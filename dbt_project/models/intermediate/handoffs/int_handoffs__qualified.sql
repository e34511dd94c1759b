{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with offers as (

    select handoff_id, judged_version from {{ ref('int_handoffs__offers') }}

),

attributes as (

    select handoff_id, count(*) filter (where is_met) as attributes_met
    from {{ ref('int_handoffs__attributes') }}
    group by handoff_id

),

scores as (

    select * from {{ ref('int_handoffs__scores') }}

),

tiers as (

    select * from {{ ref('stg_agreement__tiers') }}

),

versions as (

    select agreement_version, minimum_score, minimum_attributes
    from {{ ref('int_agreement__versions') }}

),

measured as (

    select
        offers.handoff_id,
        offers.judged_version,
        scores.score_source_system,
        scores.score,
        scores.fit_score,
        scores.engagement_score,
        coalesce(attributes.attributes_met, 0) as attributes_met
    from offers
    left join attributes on offers.handoff_id = attributes.handoff_id
    left join scores on offers.handoff_id = scores.handoff_id

),

compared as (

    select
        measured.handoff_id,
        tiers.tier,
        tiers.tier_order,
        -- A blank or a 0 is no minimum.
        (
            coalesce(tiers.minimum_score, 0) = 0
            or coalesce(measured.score >= tiers.minimum_score, false)
        )
        and measured.attributes_met >= coalesce(tiers.minimum_attributes, 0) as is_met
    from measured
    inner join tiers on measured.judged_version = tiers.agreement_version

),

-- Tiers are listed best first; a handoff takes the first it meets, else the last one.
tiered as (

    {{ first_per(
        'compared', ['handoff_id'],
        ['is_met desc', 'case when is_met then tier_order else -tier_order end']
    ) }}

),

final as (

    select
        measured.handoff_id,
        measured.score_source_system,
        measured.score,
        measured.fit_score,
        measured.engagement_score,
        measured.attributes_met,
        coalesce(measured.score >= versions.minimum_score, versions.minimum_score is null)
        and measured.attributes_met >= coalesce(versions.minimum_attributes, 0) as met_definition,
        tiered.tier
    from measured
    inner join versions on measured.judged_version = versions.agreement_version
    left join tiered on measured.handoff_id = tiered.handoff_id

)

select * from final
