with aged as (

    select * from {{ ref('int_leads__open_ages') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

in_force as (

    select agreement_version from {{ ref('int_agreement__in_force') }}

),

benchmarks as (

    select max(benchmarks.value) as stalled_share_benchmark
    from {{ ref('stg_agreement__benchmarks') }} as benchmarks
    inner join in_force on benchmarks.agreement_version = in_force.agreement_version
    where benchmarks.metric = 'stalled_share' and benchmarks.kind = 'benchmark'

),

counted as (

    select
        aged.stage,
        segments.segment,
        segments.team,
        segments.owner_id,
        count(*) as open_leads,
        count(*) filter (where aged.age_days <= 7) as days_0_to_7,
        count(*) filter (where aged.age_days > 7 and aged.age_days <= 30) as days_8_to_30,
        count(*) filter (where aged.age_days > 30 and aged.age_days <= 60) as days_31_to_60,
        count(*) filter (where aged.age_days > 60 and aged.age_days <= 90) as days_61_to_90,
        count(*) filter (where aged.age_days > 90) as days_over_90,
        count(*) filter (where aged.is_stalled) as over_stall_limit
    from aged
    cross join
        lateral (
            values
            ('all', cast(null as {{ type_text() }}), cast(null as {{ type_text() }})),
            ('team:' || aged.team, aged.team, null),
            ('owner:' || aged.owner_id, aged.team, aged.owner_id)
        ) as segments (segment, team, owner_id)
    where segments.segment is not null
    group by aged.stage, segments.segment, segments.team, segments.owner_id

),

final as (

    select
        counted.*,
        {{ share('counted.over_stall_limit', 'counted.open_leads') }} as stalled_share,
        {{ share_bound('counted.over_stall_limit', 'counted.open_leads', 'low') }}
            as stalled_share_low,
        {{ share_bound('counted.over_stall_limit', 'counted.open_leads', 'high') }}
            as stalled_share_high,
        case when counted.stage in ('sal', 'sql') then benchmarks.stalled_share_benchmark end
            as stalled_share_benchmark,
        run.as_of as run_as_of
    from counted
    cross join run
    cross join benchmarks

)

select * from final
