{{ config(materialized='view') }}

with days as (

    select * from {{ ref('int_integrity__period_ends') }}

),

in_force as (

    select as_of, time_zone from {{ ref('int_agreement__in_force') }}

),

periods as (

    select
        days.period_kind || '|' || days.period_start as subject_id,
        days.period_kind,
        days.period_start,
        min(days.next_start) as next_start,
        min(days.agreement_version) as agreement_version,
        sum(days.handoffs) as handoffs,
        sum(days.judged) as judged,
        sum(days.met) as met,
        sum(days.judged) filter (where days.is_end) as end_judged,
        sum(days.handoffs) filter (where days.is_end) as end_handoffs,
        sum(days.met) filter (where days.is_end) as end_met,
        sum(days.by_person) filter (where days.is_end) as end_by_person,
        {{ share(
            'sum(days.usual_handoffs) filter (where days.is_end)', 'sum(days.usual_handoffs)'
        ) }} as base_rate
    from days
    cross join in_force
    where days.next_start <= {{ local_date('in_force.as_of', 'in_force.time_zone') }}
    group by days.period_kind, days.period_start

),

limited as (

    select
        periods.*,
        {{ threshold('mql_flood', 'edge_days', 'periods.agreement_version', 3) }} as edge_days,
        {{ threshold('mql_flood', 'excess', 'periods.agreement_version', 1.5) }} as excess,
        {{ threshold('mql_flood', 'fit_share', 'periods.agreement_version', 0.8) }} as fit_share,
        {{ threshold('mql_flood', 'significance', 'periods.agreement_version', 0.01) }}
            as significance
    from periods
    where
        periods.handoffs
        >= {{ threshold('mql_flood', 'minimum_events', 'periods.agreement_version', 20) }}

),

bunched as (

    {{ binomial_tail(
        'limited', 'subject_id', 'at least', 'end_handoffs', 'handoffs', 'base_rate'
    ) }}

),

unfit as (

    {{ hypergeometric_tail(
        'limited', 'subject_id', 'at most', 'end_met', 'end_judged', 'met', 'judged'
    ) }}

),

-- Both have to hold, so the larger chance counts: a busy end of good leads is no flood.
tested as (

    select
        limited.*,
        bunched.p_value as p_bunched,
        unfit.p_value as p_unfit,
        greatest(bunched.p_value, unfit.p_value) as p_value
    from limited
    inner join bunched on limited.subject_id = bunched.subject_id
    inner join unfit on limited.subject_id = unfit.subject_id

),

final as (

    {{ holm_corrected('tested', 'period_kind', 'p_value') }}

)

select * from final
