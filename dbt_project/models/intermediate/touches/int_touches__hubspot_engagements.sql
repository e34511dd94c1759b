{{ config(materialized='view') }}

{% for object_name in ['calls', 'emails', 'meetings', 'tasks'] %}
{% if not loop.first %}union all{% endif %}
select
    '{{ object_name }}' as object_name,
    engagement_id,
    user_id,
    contact_ids,
    occurred_at,
    recorded_at,
    is_completed,
    version_stamp,
    version_night,
    load_id,
    record
from {{ ref('stg_hubspot__' ~ object_name) }}
{% endfor %}
