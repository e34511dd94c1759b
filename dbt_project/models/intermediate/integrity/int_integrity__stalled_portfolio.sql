with leads as (

    select ages.* from {{ ref('int_leads__open_ages') }} as ages
    inner join {{ ref('int_integrity__running_stays') }} as stays on ages.lead_id = stays.lead_id

),

in_force as (

    select agreement_version, as_of from {{ ref('int_agreement__in_force') }}

),

portfolios as (

    select
        segments.subject_id,
        segments.owner_id,
        min(leads.team) as team,
        count(*) as open_leads,
        count(*) filter (where leads.is_stalled) as stalled,
        count(*) filter (where leads.stage = 'sal') as open_sal,
        count(*) filter (where leads.stage = 'sal' and leads.is_stalled) as stalled_sal
    from leads
    cross join
        lateral (
            values
            ('owner:' || leads.owner_id, leads.owner_id),
            ('team:' || leads.team, cast(null as {{ type_text() }}))
        ) as segments (subject_id, owner_id)
    where segments.subject_id is not null
    group by segments.subject_id, segments.owner_id

),

limited as (

    select
        portfolios.*,
        in_force.as_of,
        {{ threshold('stalled_lead', 'share', 'in_force.agreement_version', 0.65) }} as share_limit,
        {{ threshold('stalled_lead', 'minimum_leads', 'in_force.agreement_version', 10) }}
            as minimum_leads
    from portfolios
    cross join in_force

),

final as (

    select
        'stalled_lead' as rule,
        'portfolio' as subject_type,
        subject_id,
        owner_id,
        team,
        as_of as occurred_at,
        'certain' as grade,
        {{ json_object({
            'open_leads': 'open_leads',
            'stalled': 'stalled',
            'share': share('stalled', 'open_leads'),
            'limit': 'share_limit',
            'open_sal': 'open_sal',
            'stalled_sal': 'stalled_sal',
        }) }} as evidence,
        stalled || ' of ' || open_leads
        || ' open leads of '
        || coalesce(owner_id, 'team ' || team, 'nobody')
        || ' are past their stall days, more than the agreed share of '
        || share_limit || '.' as message
    from limited
    where open_leads >= minimum_leads and stalled > share_limit * open_leads

)

select * from final
