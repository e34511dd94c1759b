with measures as (

    select * from {{ ref('int_waterfall__measures') }}

),

-- Counted before they are spread over their segments: there are many moves and few segments.
counted as (

    select
        basis,
        month,
        measure,
        lead_source,
        tier,
        team,
        currency,
        count(*) as times,
        sum(amount) as amount
    from measures
    group by basis, month, measure, lead_source, tier, team, currency

),

segmented as (

    select
        counted.basis,
        counted.month,
        segments.segment,
        counted.measure,
        counted.times,
        counted.amount,
        counted.currency
    from counted
    cross join
        lateral (
            values
            ('all'),
            ('lead_source:' || counted.lead_source),
            ('tier:' || counted.tier),
            ('team:' || counted.team)
        ) as segments (segment)
    where segments.segment is not null

),

final as (

    select
        month,
        basis,
        segment,
        {% for measure, column in [
            ('into_inquiry', 'inquiries'), ('into_mql', 'mqls'), ('handoffs', 'handoffs'), ('accepted', 'accepted'),
            ('accepted_by_person', 'accepted_by_person'), ('accepted_by_machine', 'accepted_by_machine'),
            ('rejected', 'rejected'), ('ignored', 'ignored'), ('into_sql', 'sqls'), ('into_won', 'won'), ('into_lost', 'lost'),
            ('due', 'due'), ('due_accepted_by_person', 'due_accepted_by_person'), ('pending', 'pending'),
            ('restated_accepted', 'restated_accepted'),
            ('restated_accepted_by_person', 'restated_accepted_by_person'),
            ('restated_into_sql', 'restated_sqls'), ('restated_into_won', 'restated_won'),
            ('restated_due', 'restated_due'),
            ('restated_due_accepted_by_person', 'restated_due_accepted_by_person'),
            ('restated_pending', 'restated_pending'),
        ] %}
        cast(coalesce(sum(times) filter (where measure = '{{ measure }}'), 0) as bigint)
            as {{ column }},
        {% endfor %}
        -- Amounts of more than one currency are never added.
        case
            when count(distinct coalesce(currency, '')) filter (where measure = 'amount_won') = 1
                then sum(amount) filter (where measure = 'amount_won')
        end as amount_won,
        case
            when count(distinct coalesce(currency, '')) filter (where measure = 'amount_won') = 1
                then max(currency) filter (where measure = 'amount_won')
        end as currency
    from segmented
    group by month, basis, segment

)

select * from final
