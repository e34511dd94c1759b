with periods as (

    select * from {{ ref('int_sla__promised_periods') }}

),

handoffs as (

    select * from {{ ref('int_handoffs__judged') }}
    where met_definition is not false

),

delivered as (

    select
        periods.*,
        handoffs.handoff_id,
        handoffs.offered_at,
        handoffs.met_definition,
        row_number() over (
            partition by
                periods.agreement_version,
                periods.period_kind,
                periods.segment,
                periods.period_start
            order by
                handoffs.met_definition nulls last, handoffs.offered_at, handoffs.handoff_id
        ) as delivery_number
    from periods
    left join handoffs
        on
            handoffs.offered_at >= periods.started_at
            and handoffs.offered_at < periods.due_at
            and periods.segment in (
                'all', 'tier:' || handoffs.tier, 'lead_source:' || handoffs.lead_source,
                'team:' || handoffs.team_at_offer
            )

),

final as (

    select
        agreement_version,
        period_kind,
        segment,
        period_start,
        started_at,
        due_at,
        qualified_handoffs as required,
        count(*) filter (where met_definition) as counted,
        -- What nobody knows of could make up for what is missing.
        count(*) filter (where met_definition) < qualified_handoffs
        and count(handoff_id) >= qualified_handoffs as is_undecided,
        case
            when qualified_handoffs <= 0 then started_at
            else min(offered_at) filter (
                    where delivery_number = qualified_handoffs and met_definition
                )
        end as met_at
    from delivered
    group by
        agreement_version,
        period_kind,
        segment,
        period_start,
        started_at,
        due_at,
        qualified_handoffs

)

select * from final
