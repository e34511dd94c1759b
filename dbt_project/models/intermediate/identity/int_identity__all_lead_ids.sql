{{ config(
    materialized='incremental',
    incremental_strategy='append',
    indexes=[{'columns': ['source_system', 'record_id'], 'unique': true}, {'columns': ['lead_id']}],
    pre_hook="{{ forget('int_identity__scope', 'kept.source_system || chr(124) || kept.record_id = news.node') }}"
) }}

with components as (

    select node, component from {{ ref('int_identity__components') }}

),

records as (

    select
        records.*,
        components.component
    from {{ ref('int_identity__all_records') }} as records
    inner join components on records.source_system || '|' || records.record_id = components.node

),

ranked as (

    select
        records.*,
        -- The lead is named after its first created record, so that a later link never renames it
        -- unless the linked record is older.
        first_value(
            {{ iso_utc_fixed('created_at') }}
            || '|' || source_system || '|' || record_id
        ) over (
            partition by component
            order by created_at, {{ bytewise('source_system') }}, {{ bytewise('record_id') }}
        ) as first_record,
        -- Two live records in one system: the smallest id survives.
        row_number() over (
            partition by component, source_system
            order by
                merged_into_id is not null,
                is_deleted,
                case when {{ matches('record_id', '^[0-9]+$') }} then length(record_id) end,
                {{ bytewise('record_id') }}
        ) as survivor_rank
    from records

),

final as (

    select
        source_system,
        record_id,
        {{ hash_id(['first_record']) }} as lead_id,
        survivor_rank = 1 as is_survivor,
        is_deleted,
        merged_into_id,
        created_at
    from ranked

)

select * from final
