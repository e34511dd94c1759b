with run as (

    select as_of from {{ source('build', 'build_context') }}

),

final as (

    select
        verdicts.verdict_id,
        cast(verdicts.month || '-01' as date) as month,
        verdicts.handoff_id,
        verdicts.reviewer,
        verdicts.is_adjudication,
        verdicts.verdict,
        verdicts.cause,
        verdicts.remedy,
        verdicts.accepted_at
    from {{ source('review', 'verdicts') }} as verdicts
    cross join run
    where verdicts.accepted_at < run.as_of

)

select * from final
