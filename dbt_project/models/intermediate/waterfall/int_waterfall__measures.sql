{{ config(materialized='view') }}

with moves as (

    select * from {{ ref('int_waterfall__moves') }}

),

handoffs as (

    select * from {{ ref('int_handoffs__judged') }}

),

versions as (

    select time_zone, in_force_from, in_force_to from {{ ref('int_agreement__versions') }}

),

cohorts as (

    select distinct lead_id, journey_number, cohort_month from moves

),

-- What a handoff contributes, and the moment at which it happened.
contributions as (

    {% for measure, moment, condition in [
        ('handoffs', 'offered_at', 'true'),
        ('due', 'offered_at', "is_response_due and outcome <> 'withdrawn'"),
        ('due_accepted_by_person', 'offered_at',
         "is_response_due and outcome = 'accepted' and accepted_by_type = 'human'"),
        ('pending', 'offered_at', "outcome = 'pending'"),
        ('accepted', 'accepted_at', "outcome = 'accepted'"),
        ('accepted_by_person', 'accepted_at', "outcome = 'accepted' and accepted_by_type = 'human'"),
        ('accepted_by_machine', 'accepted_at', "outcome = 'accepted' and accepted_by_type = 'automation'"),
        ('rejected', 'rejected_at', "outcome = 'rejected'"),
        ('ignored', 'response_due_at', "outcome = 'ignored'"),
        ('amount_won', 'won_at', 'won_at is not null and amount is not null'),
    ] %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ measure }}' as measure,
        lead_id,
        journey_number,
        lead_source,
        tier,
        team_at_offer as team,
        {{ moment }} as moment,
        {% if measure == 'amount_won' %}amount, currency{% else %}1 as amount, null::text as currency{% endif %}
    from handoffs
    where {{ condition }}
    {% endfor %}

),

final as (

    select
        'activity' as basis,
        month,
        'into_' || to_stage as measure,
        lead_source,
        tier,
        team,
        1::numeric as amount,
        null::text as currency
    from moves
    -- A month in which nothing else happened than moves that no column counts has no row.
    where to_stage in ('inquiry', 'mql', 'sql', 'won', 'lost')

    union all

    -- A journey counts once for a stage, however often it was there.
    select distinct on (lead_id, journey_number, to_stage)
        'cohort',
        cohort_month,
        'into_' || to_stage,
        lead_source,
        journey_tier,
        journey_team,
        1::numeric,
        null::text
    from moves

    union all

    select
        'activity',
        date_trunc('month', contributions.moment at time zone versions.time_zone)::date,
        contributions.measure, contributions.lead_source, contributions.tier, contributions.team,
        contributions.amount, contributions.currency
    from contributions
    inner join versions
        on
            contributions.moment >= versions.in_force_from
            and contributions.moment < versions.in_force_to

    union all

    select
        'cohort', cohorts.cohort_month, contributions.measure, contributions.lead_source,
        contributions.tier, contributions.team, contributions.amount, contributions.currency
    from contributions
    inner join cohorts
        on
            contributions.lead_id = cohorts.lead_id
            and contributions.journey_number = cohorts.journey_number

)

select * from final
