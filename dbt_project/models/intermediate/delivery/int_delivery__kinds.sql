with limits as (

    select delivered_after_records, delivered_after_activities
    from {{ ref('int_agreement__limits') }}
    where is_in_force

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

records as (

    select kind, first_at from {{ ref('int_delivery__all_first_values') }}

    union all

    select 'opportunities', opportunities.created_at
    from {{ ref('int_opportunities__all_opportunities') }} as opportunities
    cross join run
    where opportunities.created_at < run.as_of

),

numbered as (

    select
        kind,
        first_at,
        row_number() over (partition by kind order by first_at) as record_number
    from records

),

begun as (

    -- An owner is known from the first row on that names one.
    select numbered.kind, numbered.first_at as delivered_from
    from numbered
    cross join limits
    where
        limits.delivered_after_records > 0
        and numbered.record_number
        = case when numbered.kind = 'owners' then 1 else limits.delivered_after_records end

    union all

    select 'activities', delivered_from from {{ ref('int_delivery__activities') }}

    union all

    select 'users', min({{ beginning_of_time() }})
    from {{ ref('int_leads__user_versions') }}
    having count(*) > 0

),

kinds as (

    select kind, is_counted_by_record
    from (
        values
        ('users', false), ('owners', true), ('opportunities', true), ('scores', true),
        ('attributes', true), ('reasons', true), ('activities', false)
    ) as listed (kind, is_counted_by_record)

),

final as (

    -- Where the agreement asks for none at all, the kind counts as delivered from the beginning.
    select
        kinds.kind,
        case
            when kinds.is_counted_by_record and limits.delivered_after_records = 0
                then {{ beginning_of_time() }}
            when kinds.kind = 'activities' and limits.delivered_after_activities = 0
                then {{ beginning_of_time() }}
            else begun.delivered_from
        end as delivered_from
    from kinds
    cross join limits
    left join begun on kinds.kind = begun.kind

)

select * from final
