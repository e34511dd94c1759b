with windows as (

    select * from {{ ref('int_trends__change_windows') }}

),

handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

responses as (

    select handoff_id, status from {{ ref('int_sla__judged') }}
    where clause = 'response'

),

-- What was won after a window's own end counts for neither side: the older one had more time.
sided as (

    select
        windows.agreement_version,
        case
            when handoffs.offered_at < windows.valid_from_at then 'before' else 'after'
        end as side,
        case
            when handoffs.offered_at < windows.valid_from_at then windows.valid_from_at
            else windows.after_to_at
        end as observed_to_at,
        responses.status as response_status,
        handoffs.outcome,
        handoffs.is_response_due,
        handoffs.accepted_by_type,
        coalesce(handoffs.accepted_by_type, handoffs.rejected_by_type) = 'human' as is_by_person,
        handoffs.met_definition,
        handoffs.offered_at,
        handoffs.responded_at,
        handoffs.sql_at,
        handoffs.won_at
    from handoffs
    inner join windows
        on
            handoffs.offered_at >= windows.before_from_at
            and handoffs.offered_at < windows.after_to_at
    left join responses on handoffs.handoff_id = responses.handoff_id

),

counted as (

    select
        agreement_version,
        side,
        count(*) as handoffs,
        count(met_definition) as definition_judged,
        count(*) filter (where is_response_due and outcome <> 'withdrawn') as due,
        count(*) filter (where is_response_due and accepted_by_type = 'human') as accepted,
        count(*) filter (where response_status in ('met', 'breached')) as judged,
        count(*) filter (where response_status = 'met') as met,
        count(*) filter (where met_definition) as met_definition,
        count(*) filter (where sql_at < observed_to_at) as sqls,
        count(*) filter (where won_at < observed_to_at) as won,
        count(*) filter (where outcome = 'pending' or response_status = 'pending') as pending,
        count(*) filter (where is_by_person) as answered,
        {{ median_hours(
            'case when is_by_person then ' ~ seconds_between('offered_at', 'responded_at') ~ ' end'
        ) }} as median_hours
    from sided
    group by agreement_version, side

),

final as (

    select
        counted.agreement_version,
        counted.side,
        measures.measure,
        measures.successes,
        measures.total,
        case when measures.measure = 'median_response_hours' then counted.median_hours end as hours,
        counted.pending
    from counted
    cross join
        lateral (
            values
            ('acceptance_rate', accepted, due),
            ('response_compliance', met, judged),
            ('definition_met_share', met_definition, definition_judged),
            ('sql_rate', sqls, handoffs),
            ('won_rate', won, handoffs),
            ('median_response_hours', null, answered)
        ) as measures (measure, successes, total)

)

select * from final
