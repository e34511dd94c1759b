{{ config(indexes=[{'columns': ['lead_id', 'source_system', 'history_name', 'from_at']}]) }}

with role_fields as (

    select distinct source_system, history_name, landed_column
    from {{ ref('stg_agreement__fields') }}
    where
        role in ('owner', 'reason', 'score', 'fit_score', 'engagement_score')
        and lower(object_name) in ('lead', 'leads')

),

change_spans as (

    select * from {{ ref('int_fields__change_spans') }}

),

versions as (

    select * from {{ ref('int_fields__lead_versions') }}

),

records as (

    select lead_id, source_system, created_at from {{ ref('int_identity__affected_records') }}
    where is_survivor

),

changed_fields as (

    select distinct lead_id, source_system, history_name from change_spans

),

from_changes as (

    -- A value that no change set was there from the record's creation.
    select
        change_spans.*,
        case
            when change_spans.position = 0 then records.created_at
            else change_spans.from_at
        end as set_at
    from change_spans
    inner join records
        on
            change_spans.lead_id = records.lead_id
            and change_spans.source_system = records.source_system
    inner join role_fields
        on
            change_spans.source_system = role_fields.source_system
            and change_spans.history_name = role_fields.history_name

),

-- Only a field without any change row is read from the versions of its record.
version_values as (

    select
        versions.lead_id,
        versions.source_system,
        role_fields.history_name,
        {{ json_text('versions.record', 'role_fields.landed_column') }} as value,
        versions.version_stamp,
        row_number() over (
            partition by versions.lead_id, versions.source_system, role_fields.history_name
            order by versions.version_stamp
        ) as position
    from versions
    inner join role_fields on versions.source_system = role_fields.source_system
    left join changed_fields
        on
            versions.lead_id = changed_fields.lead_id
            and versions.source_system = changed_fields.source_system
            and role_fields.history_name = changed_fields.history_name
    where changed_fields.lead_id is null

),

version_steps as (

    select
        version_values.*,
        (
            position = 1
            or value is distinct from lag(value) over (
                partition by lead_id, source_system, history_name order by position
            )
        ) as is_step
    from version_values

),

from_versions as (

    select
        lead_id,
        source_system,
        history_name,
        value,
        case when position = 1 then {{ beginning_of_time() }} else version_stamp end as from_at,
        coalesce(
            lead(version_stamp) over (
                partition by lead_id, source_system, history_name order by position
            ),
            {{ end_of_time() }}
        ) as to_at,
        position,
        version_stamp as set_at
    from version_steps
    where is_step

),

final as (

    select * from from_changes
    union all
    select * from from_versions

)

select * from final
