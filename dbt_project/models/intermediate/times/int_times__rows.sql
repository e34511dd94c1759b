{{ config(materialized='view') }}
{%- set no_user = 'cast(null as ' ~ type_text() ~ ')' %}

with owners as (

    select hubspot_user_id, user_id from {{ ref('int_leads__hubspot_users') }}

),

versions as (

    select agreement_version, in_force_from, in_force_to, time_zone
    from {{ ref('int_agreement__versions') }}

),

sources as (

    select source_system, time_zone from {{ ref('stg_agreement__sources') }}

),

automation_users as (

    select agreement_version, source_system, user_id
    from {{ ref('stg_agreement__automation_users') }}

),

landed as (

    {% for time_column, relation, moment, user_id in time_columns() %}
    {% if not loop.first %}union all{% endif %}
    select
        '{{ time_column }}' as time_column,
        '{{ time_column.split('.')[0] }}' as source_system,
        {{ moment }} as shown_at,
        {{ no_user if not user_id or user_id.endswith('_user_id') else user_id }} as user_id,
        {{ user_id if user_id and user_id.endswith('_user_id') else no_user }} as hubspot_user_id
    from {{ ref(relation) }}
    {% endfor %}

),

named as (

    -- HubSpot's histories name users, who are its owners under another id.
    select
        landed.time_column,
        landed.source_system,
        landed.shown_at,
        coalesce(landed.user_id, owners.user_id, 'user:' || landed.hubspot_user_id) as user_id
    from landed
    left join owners on landed.hubspot_user_id = owners.hubspot_user_id
    where landed.shown_at is not null

),

final as (

    -- What a machine wrote says nothing of what the column can tell.
    select
        named.time_column,
        {% for name, zone in [
            ('source', "coalesce(sources.time_zone, 'UTC')"), ('agreement', 'versions.time_zone'),
            ('utc', "'UTC'"),
        ] %}
    {{ local_time('named.shown_at', zone) }} as {{ name }}_time,
    {{ local_date('named.shown_at', zone) }} as {{ name }}_day{{ ',' if not loop.last }}
    {% endfor %}
    from named
    inner join versions
        on named.shown_at >= versions.in_force_from and named.shown_at < versions.in_force_to
    left join sources on named.source_system = sources.source_system
    left join automation_users
        on
            versions.agreement_version = automation_users.agreement_version
            and named.source_system = automation_users.source_system
            and named.user_id = automation_users.user_id
    where automation_users.user_id is null

)

select * from final
