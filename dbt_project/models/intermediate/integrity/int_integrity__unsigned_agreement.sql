with versions as (

    select * from {{ ref('int_agreement__versions') }}

),

run as (

    select as_of from {{ source('build', 'build_context') }}

),

missing as (

    select
        versions.*,
        concat_ws(
            ', ',
            case
                when marketing_signed_by is null or marketing_signed_on is null then 'marketing'
            end,
            case when sales_signed_by is null or sales_signed_on is null then 'sales' end,
            case
                when
                    executive_signature_required
                    and (executive_signed_by is null or executive_signed_on is null)
                    then 'the executive'
            end
        ) as missing_signatures
    from versions
    cross join run
    where versions.valid_from_at < run.as_of

),

final as (

    select
        'unsigned_agreement' as rule,
        'agreement_version' as subject_type,
        agreement_version as subject_id,
        cast(null as {{ type_text() }}) as lead_id,
        cast(null as {{ type_text() }}) as handoff_id,
        valid_from_at as occurred_at,
        'certain' as grade,
        {{ json_object({
            'agreement_version': 'agreement_version',
            'missing': 'missing_signatures',
        }) }}
            as evidence,
        'Agreement version ' || agreement_version || ' is in force since ' || valid_from
        || ' without the signature of ' || missing_signatures || '.' as message
    from missing
    where missing_signatures <> ''

)

select * from final
