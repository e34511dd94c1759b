with legs as (

    select * from {{ ref('int_marketing__bdr_handoffs') }}

),

calendar as (

    select as_of, running_month from {{ ref('int_agreement__in_force') }}

),

counted as (

    select
        month,
        leg,
        source_system,
        user_id,
        count(*) as handoffs,
        count(met_definition) as definition_judged,
        count(*) filter (where met_definition) as met_definition,
        {{ handoff_counts() }},
        count(distinct currency_won) as currencies,
        sum(amount_won) as amount_won,
        max(currency_won) as currency
    from legs
    group by month, leg, source_system, user_id

),

final as (

    select
        counted.month,
        counted.leg,
        counted.source_system,
        counted.user_id,
        counted.handoffs,
        case when counted.definition_judged > 0 then counted.met_definition end as met_definition,
        counted.handoffs - counted.definition_judged as definition_unknown,
        {{ share('counted.met_definition', 'counted.definition_judged') }} as definition_rate,
        {{ share_bound('counted.met_definition', 'counted.definition_judged', 'low') }}
            as definition_rate_low,
        {{ share_bound('counted.met_definition', 'counted.definition_judged', 'high') }}
            as definition_rate_high,
        counted.accepted,
        counted.accepted_by_person,
        counted.accepted_by_machine,
        {{ share('counted.due_accepted_by_person', 'counted.due') }} as acceptance_rate,
        {{ share_bound('counted.due_accepted_by_person', 'counted.due', 'low') }}
            as acceptance_rate_low,
        {{ share_bound('counted.due_accepted_by_person', 'counted.due', 'high') }}
            as acceptance_rate_high,
        counted.rejected,
        counted.rejected_procedural,
        counted.rejected_clerical,
        counted.rejected_definitional,
        counted.rejected_other,
        counted.rejected_by_machine,
        counted.sent_back,
        counted.ignored,
        counted.sqls,
        counted.sqls_by_person,
        counted.won,
        -- Amounts of more than one currency are never added.
        case when counted.currencies = 1 then counted.amount_won end as amount_won,
        case when counted.currencies = 1 then counted.currency end as currency,
        counted.currencies,
        counted.pending = 0 and counted.month < calendar.running_month as is_mature,
        calendar.as_of as run_as_of
    from counted
    cross join calendar

)

select * from final
