{{ config(materialized='view') }}

with role_fields as (

    select * from {{ ref('int_fields__role_fields') }}

),

versions as (

    select * from {{ ref('int_fields__lead_versions') }}

),

changed_fields as (

    select distinct lead_id, source_system, history_name from {{ ref('int_fields__change_spans') }}

),

-- Only a field without any change row is read from the versions of its record.
version_values as (

    select
        versions.lead_id,
        versions.source_system,
        role_fields.history_name,
        {{ json_text('versions.record', 'role_fields.landed_column') }} as value,
        versions.version_stamp,
        versions.known_from,
        row_number() over (
            partition by versions.lead_id, versions.source_system, role_fields.history_name
            order by versions.known_from
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

final as (

    select
        lead_id,
        source_system,
        history_name,
        value,
        known_from as from_at,
        coalesce(
            lead(known_from) over (
                partition by lead_id, source_system, history_name order by position
            ),
            {{ end_of_time() }}
        ) as to_at,
        position,
        version_stamp as set_at
    from version_steps
    where is_step

)

select * from final
