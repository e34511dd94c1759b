with weekly as (

    select * from {{ ref('int_sla__weekly') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

versions as (

    select agreement_version, valid_from from {{ ref('int_agreement__versions') }}

),

placed as (

    select weekly.week_start, weekly.owner_id, weekly.team, weekly.manager_id, versions.valid_from
    from weekly
    inner join versions on weekly.agreement_version = versions.agreement_version

),

-- One row a rep, also where the week's promises come from two versions with other teams.
reps as (

    {{ first_per(
        'placed',
        ['week_start', 'owner_id'],
        ['valid_from desc', bytewise('team'), bytewise('manager_id')],
    ) }}

),

rated as (

    select * from {{ ref('int_sla__weekly_rates') }}

),

-- Last week is the calendar week before, not the last one with anything in it.
compared as (

    select
        'this_week' as week,
        rated.*
    from rated

    union all

    select
        'last_week',
        {{ add_calendar_days('week_start', 7) }},
        owner_id,
        clause,
        due,
        met,
        breached,
        still_open,
        machine_responses,
        rate,
        rate_low,
        rate_high
    from rated

),

final as (

    select
        reps.week_start,
        {{ iso_year('reps.week_start') }} as iso_year,
        {{ iso_week('reps.week_start') }} as iso_week,
        reps.owner_id,
        reps.manager_id,
        reps.team,
        {% for clause in [
            'response', 'first_touch', 'follow_up', 'follow_up_before_rejection',
            'decision', 'no_stall',
        ] %}
        {% for measure, week, name in [
            ('due', 'this_week', 'due'), ('met', 'this_week', 'met'),
            ('breached', 'this_week', 'breached'), ('still_open', 'this_week', 'open'),
            ('due', 'last_week', 'due_last_week'), ('met', 'last_week', 'met_last_week'),
        ] %}
        coalesce(max({{ measure }}) filter (
            where week = '{{ week }}' and clause = '{{ clause }}'
        ), 0) as {{ clause }}_{{ name }},
        {% endfor %}
        {% for measure, week, name in [
            ('rate', 'this_week', 'rate'), ('rate_low', 'this_week', 'rate_low'),
            ('rate_high', 'this_week', 'rate_high'), ('rate', 'last_week', 'rate_last_week'),
            ('rate_low', 'last_week', 'rate_last_week_low'),
            ('rate_high', 'last_week', 'rate_last_week_high'),
        ] %}
        max({{ measure }}) filter (
            where week = '{{ week }}' and clause = '{{ clause }}'
        ) as {{ clause }}_{{ name }},
        {% endfor %}
        {% endfor %}
        cast(coalesce(sum(machine_responses) filter (where week = 'this_week'), 0) as bigint)
            as machine_responses,
        coalesce(sum(still_open) filter (where week = 'this_week'), 0) = 0 as is_mature,
        run.as_of as run_as_of
    from reps
    cross join run
    inner join compared
        on reps.week_start = compared.week_start and reps.owner_id = compared.owner_id
    group by reps.week_start, reps.owner_id, reps.manager_id, reps.team, run.as_of

)

select * from final
