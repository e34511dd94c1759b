{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with readings as (

    select * from {{ ref('int_handoffs__readings') }}

),

attributes as (

    select handoff_id, reading, count(*) filter (where is_met) as attributes_met
    from {{ ref('int_handoffs__attributes') }}
    group by handoff_id, reading

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

readings_of_all as (

    select
        readings.handoff_id,
        readings.is_last,
        readings.judged_version,
        scores.score_source_system,
        scores.score,
        scores.fit_score,
        scores.engagement_score,
        coalesce(attributes.attributes_met, 0) as attributes_met
    from readings
    left join attributes
        on
            readings.handoff_id = attributes.handoff_id
            and readings.reading = attributes.reading
    left join scores
        on readings.handoff_id = scores.handoff_id and readings.reading = scores.reading

),

read_definitions as (

    select
        readings_of_all.*,
        coalesce(readings_of_all.score >= versions.minimum_score, versions.minimum_score is null)
        and readings_of_all.attributes_met >= coalesce(versions.minimum_attributes, 0)
            as met_definition
    from readings_of_all
    inner join versions on readings_of_all.judged_version = versions.agreement_version

),

-- Met at one moment of the day and not at another: then nobody can tell.
told_apart as (

    select
        read_definitions.*,
        bool_or(met_definition) over (partition by handoff_id)
        and not bool_and(met_definition) over (partition by handoff_id) as is_definition_open,
        bool_and(engagement_score is not null and fit_score is not null)
            over (partition by handoff_id) as has_both_scores,
        min(engagement_score) over (partition by handoff_id) as least_engagement_score,
        max(fit_score) over (partition by handoff_id) as most_fit_score
    from read_definitions

),

measured as (

    select * from told_apart
    where is_last

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
        measured.met_definition,
        measured.is_definition_open,
        case when measured.has_both_scores then measured.least_engagement_score end
            as least_engagement_score,
        case when measured.has_both_scores then measured.most_fit_score end as most_fit_score,
        tiered.tier
    from measured
    left join tiered on measured.handoff_id = tiered.handoff_id

)

select * from final
