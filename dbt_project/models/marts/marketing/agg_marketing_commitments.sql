with periods as (select * from {{ ref('int_sla__promised_periods') }}),

handoffs as (select * from {{ ref('int_marketing__handoffs') }}),

volume as (

    select agreement_version, segment, started_at, due_at, met_at, status
    from {{ ref('int_sla__judged') }}
    where clause = 'volume'

),

run as (select as_of from {{ source('build', 'build_context') }}),

kinds as (select distinct period_kind, time_zone from periods),

placed as (

    select
        handoffs.*,
        kinds.period_kind,
        kinds.time_zone,
        {{ period_start(
            'kinds.period_kind', local_date('handoffs.offered_at', 'kinds.time_zone')
        ) }}
            as period_start
    from handoffs
    cross join kinds

),

delivered as (

    select
        periods.agreement_version,
        periods.period_kind,
        periods.period_start,
        periods.segment,
        periods.started_at,
        periods.due_at,
        cast(periods.qualified_handoffs as bigint) as promised,
        count(placed.handoff_id) as delivered,
        count(placed.met_definition) as judged,
        count(*) filter (where placed.met_definition) as qualified,
        count(*) filter (where placed.is_rated) as due,
        count(*) filter (where placed.is_rated_acceptance) as due_accepted_by_person,
        count(*) filter (where placed.outcome = 'accepted') as accepted,
        count(*) filter (where placed.outcome = 'accepted' and placed.accepted_by_type = 'human')
            as accepted_by_person,
        count(*) filter (
            where placed.outcome = 'accepted' and placed.accepted_by_type = 'automation'
        ) as accepted_by_machine,
        count(*) filter (where placed.outcome = 'pending') as pending
    from periods
    left join placed
        on
            periods.period_kind = placed.period_kind
            and periods.time_zone = placed.time_zone
            and periods.period_start = placed.period_start
            and periods.segment in (
                'all', 'tier:' || placed.tier, 'lead_source:' || placed.lead_source,
                'team:' || placed.team_at_offer
            )
    group by
        periods.agreement_version, periods.period_kind, periods.period_start, periods.segment,
        periods.started_at, periods.due_at, periods.qualified_handoffs

),

final as (

    select
        delivered.period_kind,
        delivered.period_start,
        delivered.segment,
        delivered.agreement_version,
        delivered.promised,
        delivered.delivered,
        case when delivered.judged > 0 or delivered.delivered = 0 then delivered.qualified end
            as qualified,
        delivered.delivered - delivered.judged as qualification_unknown,
        -- What is not known to have met the definition may have.
        case
            when
                delivered.qualified >= delivered.promised
                or delivered.promised - delivered.qualified
                > delivered.delivered - delivered.judged
                then greatest(delivered.promised - delivered.qualified, 0)
        end as shortfall,
        {{ share('delivered.qualified', 'delivered.judged') }} as quality,
        {{ share_bound('delivered.qualified', 'delivered.judged', 'low') }} as quality_low,
        {{ share_bound('delivered.qualified', 'delivered.judged', 'high') }} as quality_high,
        delivered.accepted,
        delivered.accepted_by_person,
        delivered.accepted_by_machine,
        {{ share('delivered.due_accepted_by_person', 'delivered.due') }} as acceptance_rate,
        {{ share_bound('delivered.due_accepted_by_person', 'delivered.due', 'low') }}
            as acceptance_rate_low,
        {{ share_bound('delivered.due_accepted_by_person', 'delivered.due', 'high') }}
            as acceptance_rate_high,
        volume.status,
        volume.met_at,
        round(
            {{ seconds_between('delivered.started_at', 'least(run.as_of, delivered.due_at)') }}
            / {{ seconds_between('delivered.started_at', 'delivered.due_at') }},
            6
        ) as share_of_period_gone,
        run.as_of >= delivered.due_at as is_period_over,
        run.as_of >= delivered.due_at and delivered.pending = 0 as is_mature,
        run.as_of as run_as_of
    from delivered
    cross join run
    inner join volume
        on
            delivered.agreement_version = volume.agreement_version
            and delivered.segment = volume.segment
            and delivered.started_at = volume.started_at
            and delivered.due_at = volume.due_at

)

select * from final
