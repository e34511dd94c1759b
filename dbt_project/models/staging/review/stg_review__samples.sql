with run as (

    select as_of from {{ source('build', 'build_context') }}

),

-- Cases of a draw are as old as the draw; those that were added to it later have their own time.
final as (

    select
        cast(sample.month || '-01' as date) as month,
        sample.handoff_id,
        sample.case_number
    from {{ source('review', 'sample') }} as sample
    cross join run
    where sample.extended_at is null or sample.extended_at < run.as_of

)

select * from final
