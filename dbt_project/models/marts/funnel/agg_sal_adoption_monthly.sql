with adoption as (

    select * from {{ ref('int_trends__sal_adoption') }}

),

months as (

    select month, is_over from {{ ref('int_trends__months') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

final as (

    select
        adoption.month,
        adoption.segment,
        adoption.accepted,
        adoption.sal_by_person,
        adoption.sal_by_machine,
        adoption.sal_by_unknown,
        adoption.sal_skipped,
        adoption.sal_skipped_by_person,
        {% for measure, rate in [
            ('sal_by_person', 'sal_by_person_share'),
            ('sal_by_machine', 'sal_by_machine_share'),
            ('sal_skipped', 'sal_skipped_share'),
        ] %}
        {{ share('adoption.' ~ measure, 'adoption.accepted') }} as {{ rate }},
        {{ share_bound('adoption.' ~ measure, 'adoption.accepted', 'low') }} as {{ rate }}_low,
        {{ share_bound('adoption.' ~ measure, 'adoption.accepted', 'high') }} as {{ rate }}_high,
        {% endfor %}
        coalesce(months.is_over, true) as is_mature,
        run.as_of as run_as_of
    from adoption
    cross join run
    left join months on adoption.month = months.month

)

select * from final
