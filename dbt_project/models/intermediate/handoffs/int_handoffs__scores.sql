{{ config(indexes=[{'columns': ['handoff_id'], 'unique': true}]) }}

with offers as (

    select handoff_id, lead_id, offered_at, judged_version from {{ ref('int_handoffs__offers') }}

),

fields as (

    select * from {{ ref('stg_agreement__fields') }}
    where role in ('score', 'fit_score', 'engagement_score')

),

sources as (

    select source_system, role from {{ ref('stg_agreement__sources') }}

),

spans as (

    select * from {{ ref('int_fields__spans') }}

),

ranked as (

    -- Marketing automation keeps the score; the SFA system's copy serves where there is no other.
    select
        offers.handoff_id,
        fields.role,
        fields.source_system,
        case
            when {{ matches('trim(spans.value)', '^[+-]?[0-9]+([.][0-9]+)?$') }}
                then cast(trim(spans.value) as numeric)
        end as score,
        row_number() over (
            partition by offers.handoff_id, fields.role
            order by
                case sources.role when 'map' then 0 when 'both' then 1 else 2 end,
                fields.source_system
        ) as source_rank
    from offers
    inner join fields on offers.judged_version = fields.agreement_version
    inner join sources on fields.source_system = sources.source_system
    inner join spans
        on
            offers.lead_id = spans.lead_id
            and fields.source_system = spans.source_system
            and fields.history_name = spans.history_name
            and offers.offered_at >= spans.from_at
            and offers.offered_at < spans.to_at

),

final as (

    select
        handoff_id,
        max(source_system) filter (where role = 'score') as score_source_system,
        max(score) filter (where role = 'score') as score,
        max(score) filter (where role = 'fit_score') as fit_score,
        max(score) filter (where role = 'engagement_score') as engagement_score
    from ranked
    where source_rank = 1
    group by handoff_id

)

select * from final
