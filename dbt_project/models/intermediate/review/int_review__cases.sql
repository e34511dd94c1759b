with draws as (

    select month from {{ ref('int_review__draws') }}
    where drawn_at is not null

),

sample as (

    select * from {{ ref('stg_review__samples') }}

),

frozen as (

    select month, handoff_id, exit_kind, team from {{ ref('stg_review__populations') }}

),

verdicts as (

    select * from {{ ref('stg_review__verdicts') }}

),

-- A corrected file replaces what the same reviewer said; one without a verdict takes it back.
newest as (

    {{ first_per(
        'verdicts', ['month', 'handoff_id', 'reviewer', 'is_adjudication'],
        ['accepted_at desc', 'verdict_id desc']
    ) }}

),

standing as (

    select month, handoff_id, is_adjudication, verdict, accepted_at, verdict_id from newest
    where verdict is not null

),

adjudications as (

    select month, handoff_id, verdict, accepted_at, verdict_id from standing
    where is_adjudication

),

adjudicated as (

    {{ first_per(
        'adjudications', ['month', 'handoff_id'], ['accepted_at desc', 'verdict_id desc']
    ) }}

),

judged as (

    select
        month,
        handoff_id,
        count(*) as verdicts,
        count(distinct verdict) as opinions,
        min(verdict) as any_verdict
    from standing
    group by month, handoff_id

),

final as (

    -- Where two reviewers differ, the adjudication decides; until then the case is disputed.
    select
        sample.month,
        sample.handoff_id,
        frozen.exit_kind,
        frozen.team,
        coalesce(judged.verdicts, 0) as verdicts,
        case
            when adjudicated.verdict is not null then adjudicated.verdict
            when judged.opinions = 1 then judged.any_verdict
            when judged.opinions > 1 then 'disputed'
        end as verdict
    from sample
    inner join draws on sample.month = draws.month
    inner join frozen
        on
            sample.month = frozen.month
            and sample.handoff_id = frozen.handoff_id
    left join adjudicated
        on
            sample.month = adjudicated.month
            and sample.handoff_id = adjudicated.handoff_id
    left join judged
        on
            sample.month = judged.month
            and sample.handoff_id = judged.handoff_id

)

select * from final
