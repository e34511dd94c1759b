with tested as (

    select * from {{ ref('int_integrity__flood_tests') }}

),

in_force as (

    select time_zone from {{ ref('int_agreement__in_force') }}

),

final as (

    select
        'mql_flood' as rule,
        'period' as subject_type,
        subject_id,
        cast(null as {{ type_text() }}) as owner_id,
        cast(null as {{ type_text() }}) as team,
        {{ midnight('next_start', 'in_force.time_zone') }} as occurred_at,
        {{ grade('2 + ' ~ how_many(['end_by_person * 2 > end_handoffs'])) }} as grade,
        {{ json_object({
            'test': "'binomial, and Fisher exact; the larger p'",
            'correction': "'Holm'",
            'tests': 'tests',
            'p': 'p_value',
            'p_corrected': 'p_corrected',
            'p_bunched': 'p_bunched',
            'p_unfit': 'p_unfit',
            'end_days': 'edge_days',
            'handoffs': 'handoffs',
            'handoffs_at_end': 'end_handoffs',
            'handoffs_at_end_by_a_person': 'end_by_person',
            'share_at_end': share('end_handoffs', 'handoffs'),
            'base_rate': 'base_rate',
            'met_definition': 'met',
            'met_definition_at_end': 'end_met',
            'definition_share_at_end': share('end_met', 'end_judged'),
            'definition_share_before': share('(met - end_met)', '(judged - end_judged)'),
        }) }} as evidence,
        end_handoffs || ' of the ' || handoffs || ' handoffs of the ' || period_kind || ' from '
        || period_start || ' came on its last ' || edge_days || ' days, and ' || end_met
        || ' of those met the definition, before ' || (met - end_met) || ' of '
        || (judged - end_judged) || '.' as message
    from tested
    cross join in_force
    where
        p_corrected <= significance
        and end_handoffs >= excess * base_rate * handoffs
        and end_met * (judged - end_judged) <= fit_share * (met - end_met) * end_judged

)

select * from final
