with counted as (

    select
        counts.*,
        {{ threshold('cherry_picking', 'significance', 'counts.agreement_version', 0.05) }}
            as significance,
        {{ threshold('cherry_picking', 'excess', 'counts.agreement_version', 1.5) }} as excess
    from {{ ref('int_integrity__edge_counts') }} as counts

),

in_force as (

    select time_zone from {{ ref('int_agreement__in_force') }}

),

against_others as (

    {{ hypergeometric_tail(
        'counted', 'test_id', 'at least', 'at_edge', 'events', 'base_at_edge', 'base_events'
    ) }}

),

-- The rep's own base rate: when the leads reached the rep.
against_arrivals as (

    {{ hypergeometric_tail(
        'counted', 'test_id', 'at least', 'at_edge', 'events', '(at_edge + arrivals_at_edge)',
        '(events + arrivals)'
    ) }}

),

tested as (

    select
        counted.*,
        against_others.p_value as p_others,
        against_arrivals.p_value as p_arrivals,
        greatest(against_others.p_value, against_arrivals.p_value) as p_value
    from counted
    inner join against_others on counted.test_id = against_others.test_id
    inner join against_arrivals on counted.test_id = against_arrivals.test_id

),

corrected as (

    {{ holm_corrected('tested', 'quarter_start', 'p_value') }}

),

significant as (

    select
        corrected.*,
        corrected.rep_id || '|' || corrected.quarter_start as subject_id,
        count(*) over (partition by rep_id, quarter_start) as bunched_ways
    from corrected
    where
        p_corrected <= significance
        and at_edge * (base_events - events) >= excess * (base_at_edge - at_edge) * events
        and at_edge * arrivals >= excess * arrivals_at_edge * events

),

-- A rep and quarter is one finding, told by what is least likely.
strongest as (

    {{ first_per('significant', ['subject_id'], ['p_corrected', 'p_value', 'test_id']) }}

),

final as (

    select
        'cherry_picking' as rule,
        'rep' as subject_type,
        subject_id,
        rep_id as owner_id,
        team,
        {{ midnight('next_start', 'in_force.time_zone') }} as occurred_at,
        {{ grade('1 + bunched_ways') }} as grade,
        {{ json_object({
            'test': "'Fisher exact against others and against own arrivals; the larger p'",
            'correction': "'Holm'",
            'tests': 'tests',
            'p': 'p_value',
            'p_corrected': 'p_corrected',
            'p_others': 'p_others',
            'p_arrivals': 'p_arrivals',
            'quarter_start': 'quarter_start',
            'kind': 'kind',
            'edge': 'edge',
            'edge_days': 'edge_days',
            'events': 'events',
            'events_at_edge': 'at_edge',
            'share_at_edge': share('at_edge', 'events'),
            'others': 'base_events - events',
            'others_at_edge': 'base_at_edge - at_edge',
            'base_rate': share('(base_at_edge - at_edge)', '(base_events - events)'),
            'arrivals': 'arrivals',
            'arrivals_at_edge': 'arrivals_at_edge',
            'own_base_rate': share('arrivals_at_edge', 'arrivals'),
        }) }} as evidence,
        at_edge || ' of ' || rep_id || '''s ' || events || ' ' || replace(kind, '_', ' ')
        || 's of the quarter from ' || quarter_start || ' fall into its ' || edge || ' '
        || edge_days || ' days; of others'' ' || (base_events - events) || ' it is '
        || (base_at_edge - at_edge) || ', and of the ' || arrivals
        || ' leads that reached the rep ' || arrivals_at_edge || ' came then.' as message
    from strongest
    cross join in_force

)

select * from final
