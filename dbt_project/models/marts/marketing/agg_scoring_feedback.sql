with handoffs as (

    select * from {{ ref('int_marketing__handoffs') }}

),

attributes as (

    select handoff_id, attribute, is_met from {{ ref('int_handoffs__all_attributes') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

placed as (

    select
        handoffs.*,
        'score_band' as dimension,
        coalesce(
            10 * floor(handoffs.score_at_offer / 10)
            || ' to '
            || 10 * floor(handoffs.score_at_offer / 10) + 9,
            'no score'
        ) as value,
        10 * floor(handoffs.score_at_offer / 10) as score_from
    from handoffs

    union all

    select handoffs.*, 'tier', coalesce(handoffs.tier, 'none'), cast(null as numeric)
    from handoffs

    union all

    select
        handoffs.*,
        'attribute:' || attributes.attribute,
        case when attributes.is_met then 'met' else 'not met' end,
        cast(null as numeric)
    from handoffs
    inner join attributes on handoffs.handoff_id = attributes.handoff_id

),

counted as (

    select
        coalesce(agreement_version, 'none') as agreement_version,
        dimension,
        value,
        max(score_from) as score_from,
        max(scoring_rule_version) as scoring_rule_version,
        count(*) as handoffs,
        {{ handoff_counts() }}
    from placed
    group by coalesce(agreement_version, 'none'), dimension, value

),

final as (

    select
        counted.agreement_version,
        counted.dimension,
        counted.value,
        counted.score_from,
        counted.scoring_rule_version,
        counted.handoffs,
        counted.accepted,
        counted.accepted_by_person,
        counted.accepted_by_machine,
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
        {{ share('counted.due_accepted_by_person', 'counted.due') }} as acceptance_rate,
        {{ share_bound('counted.due_accepted_by_person', 'counted.due', 'low') }}
            as acceptance_rate_low,
        {{ share_bound('counted.due_accepted_by_person', 'counted.due', 'high') }}
            as acceptance_rate_high,
        counted.pending = 0 as is_mature,
        run.as_of as run_as_of
    from counted
    cross join run

)

select * from final
