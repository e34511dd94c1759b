with opportunities as (

    select * from {{ ref('int_marketing__opportunities') }}

),

in_force as (

    select agreement_version, as_of, running_month, time_zone
    from {{ ref('int_agreement__in_force') }}

),

closings as (

    select source_system, opportunity_id, min(occurred_at) as closed_at
    from {{ ref('int_events__all_stage_events') }}
    where stage in ('won', 'lost') and opportunity_id is not null
    group by source_system, opportunity_id

),

placed as (

    -- An opportunity that is still open has taken its time up to now.
    select
        opportunities.month,
        people.team,
        opportunities.is_marketing_sourced,
        {{ seconds_between(
            'opportunities.created_at', 'coalesce(closings.closed_at, in_force.as_of)'
        ) }} / 86400 as days_open
    from opportunities
    cross join in_force
    inner join {{ ref('int_opportunities__all_opportunities') }} as owners
        on
            opportunities.source_system = owners.source_system
            and opportunities.opportunity_id = owners.opportunity_id
    left join {{ ref('int_integrity__salespeople') }} as people
        on
            in_force.agreement_version = people.agreement_version
            and owners.owner_id = people.user_id
    left join closings
        on
            opportunities.source_system = closings.source_system
            and opportunities.opportunity_id = closings.opportunity_id
    where opportunities.month < in_force.running_month

),

counted as (

    -- All of a month, and each team's.
    select
        month,
        team,
        grouping(team) = 1 as is_all,
        count(*) as opportunities,
        count(*) filter (where is_marketing_sourced) as marketing_sourced,
        {{ median('case when is_marketing_sourced then days_open end') }} as median_days
    from placed
    group by grouping sets ((month), (month, team))

),

limited as (

    select
        counted.*,
        in_force.time_zone,
        {{ threshold('too_good_pipeline', 'share', 'versions.agreement_version', 0.95) }}
            as share_limit,
        {{ threshold(
            'too_good_pipeline', 'minimum_opportunities', 'versions.agreement_version', 20
        ) }} as minimum_opportunities,
        {{ threshold('too_good_pipeline', 'velocity_days', 'versions.agreement_version', 60) }}
            as velocity_days
    from counted
    cross join in_force
    inner join {{ ref('int_agreement__versions') }} as versions
        on
            {{ midnight('counted.month', 'in_force.time_zone') }} >= versions.valid_from_at
            and {{ midnight('counted.month', 'in_force.time_zone') }} < versions.in_force_to
    where counted.is_all or counted.team is not null

),

final as (

    select
        'too_good_pipeline' as rule,
        'period' as subject_type,
        'month|' || month || case when is_all then '' else '|team:' || team end as subject_id,
        cast(null as {{ type_text() }}) as owner_id,
        team,
        {{ midnight(next_period("'month'", 'month'), 'time_zone') }} as occurred_at,
        'certain' as grade,
        {{ json_object({
            'opportunities': 'opportunities',
            'marketing_sourced': 'marketing_sourced',
            'share': share('marketing_sourced', 'opportunities'),
            'limit': 'share_limit',
            'median_days_open': 'round(median_days, 1)',
            'velocity_days': 'velocity_days',
        }) }} as evidence,
        marketing_sourced || ' of ' || opportunities || ' opportunities of the month from ' || month
        || ' are said to be marketing''s, and half of those took or stand for '
        || round(median_days, 1) || ' days or more.' as message
    from limited
    where
        opportunities >= minimum_opportunities
        and marketing_sourced > share_limit * opportunities
        and median_days > velocity_days

)

select * from final
