{{ config(indexes=[{'columns': ['handoff_id']}]) }}

with readings as (

    select * from {{ ref('int_handoffs__readings') }}

),

attributes as (

    select * from {{ ref('stg_agreement__attributes') }}

),

records as (

    select lead_id, source_system from {{ ref('int_identity__affected_records') }}
    where is_survivor

),

records_at_offer as (

    select * from {{ ref('int_handoffs__records_at_offer') }}

),

change_spans as (

    select * from {{ ref('int_fields__change_spans') }}

),

sources_of_attributes as (

    select
        readings.handoff_id,
        readings.reading,
        readings.is_last,
        readings.lead_id,
        readings.read_at,
        attributes.attribute,
        attributes.source_order,
        attributes.source_system,
        attributes.history_name,
        attributes.landed_column,
        attributes.met_values
    from readings
    inner join attributes on readings.judged_version = attributes.agreement_version
    inner join records
        on readings.lead_id = records.lead_id and attributes.source_system = records.source_system

),

-- An attribute held in two systems is read from the first listed one that knows the lead.
listed as (

    {{ first_per(
        'sources_of_attributes', ['handoff_id', 'reading', 'attribute'], ['source_order']
    ) }}

),

values_then as (

    {{ last_begun(
        'listed', ['handoff_id', 'reading', 'attribute', 'source_system', 'history_name'],
        'read_at', 'change_spans', 'position', keys=['lead_id', 'source_system', 'history_name']
    ) }}

),

valued as (

    select
        listed.handoff_id,
        listed.reading,
        listed.is_last,
        listed.attribute,
        listed.met_values,
        trim(
            case
                when change_spans.lead_id is not null then change_spans.value
                else {{ json_value('records_at_offer.record', 'listed.landed_column') }}
            end
        ) as value
    from listed
    left join records_at_offer
        on
            listed.handoff_id = records_at_offer.handoff_id
            and listed.reading = records_at_offer.reading
            and listed.source_system = records_at_offer.source_system
    left join values_then
        on
            listed.handoff_id = values_then.handoff_id
            and listed.reading = values_then.reading
            and listed.attribute = values_then.attribute
    left join change_spans
        on
            listed.lead_id = change_spans.lead_id
            and listed.source_system = change_spans.source_system
            and listed.history_name = change_spans.history_name
            and values_then.position = change_spans.position

),

final as (

    select
        handoff_id,
        reading,
        is_last,
        attribute,
        case
            when value is null or value = '' then false
            when met_values is not null
                then {{ is_listed('lower(value)', 'lower(met_values)') }}
            else lower(value) not in ('no', 'false', '0', 'unknown', 'none', 'n/a', 'null')
        end as is_met
    from valued

)

select * from final
