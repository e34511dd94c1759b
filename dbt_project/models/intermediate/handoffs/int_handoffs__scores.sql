{{ config(indexes=[{'columns': ['handoff_id', 'reading'], 'unique': true}]) }}

with readings as (

    select * from {{ ref('int_handoffs__readings') }}

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

asked as (

    select
        readings.handoff_id, readings.reading, readings.lead_id, readings.read_at, fields.role,
        fields.source_system, fields.history_name
    from readings
    inner join fields on readings.judged_version = fields.agreement_version

),

values_then as (

    {{ last_begun(
        'asked', ['handoff_id', 'reading', 'role', 'source_system', 'history_name'], 'read_at',
        'spans', 'position', keys=['lead_id', 'source_system', 'history_name']
    ) }}

),

ranked as (

    -- Marketing automation keeps the score; the SFA system's copy serves where there is no other.
    select
        asked.handoff_id,
        asked.reading,
        asked.role,
        asked.source_system,
        case
            when {{ is_number('spans.value') }}
                then cast(trim(spans.value) as numeric)
        end as score,
        row_number() over (
            partition by asked.handoff_id, asked.reading, asked.role
            order by
                case sources.role when 'map' then 0 when 'both' then 1 else 2 end,
                asked.source_system
        ) as source_rank
    from asked
    inner join sources on asked.source_system = sources.source_system
    inner join values_then
        on
            asked.handoff_id = values_then.handoff_id
            and asked.reading = values_then.reading
            and asked.role = values_then.role
            and asked.source_system = values_then.source_system
            and asked.history_name = values_then.history_name
    inner join spans
        on
            asked.lead_id = spans.lead_id
            and asked.source_system = spans.source_system
            and asked.history_name = spans.history_name
            and values_then.position = spans.position

),

final as (

    select
        handoff_id,
        reading,
        max(source_system) filter (where role = 'score') as score_source_system,
        max(score) filter (where role = 'score') as score,
        max(score) filter (where role = 'fit_score') as fit_score,
        max(score) filter (where role = 'engagement_score') as engagement_score
    from ranked
    where source_rank = 1
    group by handoff_id, reading

)

select * from final
