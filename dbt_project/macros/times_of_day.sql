{#
    Times that tell a day and no time of day: bare dates, midnights of the source's zone, the
    agreement's or UTC, and the one time of day that a column shows (int_times__columns).
#}

{#
    The columns that times are read from: name (source, object and the source's own field), staging
    model, expressions of the time and of the user whose row it is. HubSpot's users are no owners yet.
#}
{% macro time_columns() %}
    {{ return([
        ('salesforce.Lead.CreatedDate', 'stg_salesforce__leads', 'created_at', 'created_by_id'),
        ('salesforce.LeadHistory.CreatedDate', 'stg_salesforce__lead_histories', 'occurred_at', 'actor_id'),
        ('salesforce.Task.CompletedDateTime', 'stg_salesforce__tasks', 'completed_at', 'user_id'),
        ('salesforce.Task.CreatedDate', 'stg_salesforce__tasks', 'created_at', 'user_id'),
        ('salesforce.Event.StartDateTime', 'stg_salesforce__events', 'started_at', 'user_id'),
        ('salesforce.Event.CreatedDate', 'stg_salesforce__events', 'created_at', 'user_id'),
        ('salesforce.Opportunity.CreatedDate', 'stg_salesforce__opportunities', 'created_at', 'created_by_id'),
        ('salesforce.Opportunity.CloseDate', 'stg_salesforce__opportunities', 'coalesce(last_stage_change_at, close_date_at)', none),
        ('salesforce.OpportunityFieldHistory.CreatedDate', 'stg_salesforce__opportunity_field_histories', 'occurred_at', 'actor_id'),
        ('salesforce.OpportunityHistory.CreatedDate', 'stg_salesforce__opportunity_histories', 'occurred_at', 'actor_id'),
        ('marketo.leads.createdAt', 'stg_marketo__leads', 'created_at', none),
        ('marketo.activities.activityDate', 'stg_marketo__activities', 'occurred_at', "case when activity_type_id in (13, 22) then " ~ json_text('attributes', "'Modifying User'") ~ " end"),
        ('generic.leads.created_at', 'stg_generic__leads', 'created_at', none),
        ('generic.lead_events.occurred_at', 'stg_generic__lead_events', 'occurred_at', 'actor_id'),
        ('generic.lead_events.recorded_at', 'stg_generic__lead_events', 'recorded_at', 'actor_id'),
        ('generic.activities.occurred_at', 'stg_generic__activities', 'occurred_at', 'user_id'),
        ('generic.activities.recorded_at', 'stg_generic__activities', 'recorded_at', 'user_id'),
        ('generic.opportunities.created_at', 'stg_generic__opportunities', 'created_at', 'created_by_id'),
        ('generic.opportunities.closed_at', 'stg_generic__opportunities', 'closed_at', 'closed_by_id'),
        ('hubspot.contacts.createdate', 'stg_hubspot__contacts', 'created_at', none),
        ('hubspot.contact_property_history.timestamp', 'stg_hubspot__contact_property_histories', 'occurred_at', 'actor_user_id'),
        ('hubspot.deals.createdate', 'stg_hubspot__deals', 'created_at', 'created_by_user_id'),
        ('hubspot.deals.closedate', 'stg_hubspot__deals', 'closed_at', none),
        ('hubspot.deal_property_history.timestamp', 'stg_hubspot__deal_property_histories', 'occurred_at', 'actor_user_id'),
        ('hubspot.calls.hs_timestamp', 'stg_hubspot__calls', 'occurred_at', 'user_id'),
        ('hubspot.calls.hs_createdate', 'stg_hubspot__calls', 'recorded_at', 'user_id'),
        ('hubspot.emails.hs_timestamp', 'stg_hubspot__emails', 'occurred_at', 'user_id'),
        ('hubspot.emails.hs_createdate', 'stg_hubspot__emails', 'recorded_at', 'user_id'),
        ('hubspot.meetings.hs_meeting_start_time', 'stg_hubspot__meetings', 'occurred_at', 'user_id'),
        ('hubspot.meetings.hs_createdate', 'stg_hubspot__meetings', 'recorded_at', 'user_id'),
        ('hubspot.tasks.hs_task_completion_date', 'stg_hubspot__tasks', 'occurred_at', 'user_id'),
        ('hubspot.tasks.hs_createdate', 'stg_hubspot__tasks', 'recorded_at', 'user_id'),
    ]) }}
{% endmacro %}

{# The column that tells when something happened, by its system. #}
{% macro time_column_of(what, source_system) -%}
    case {{ source_system }}
        {% for system, time_column in {
            'lead created': {
                'salesforce': 'Lead.CreatedDate', 'marketo': 'leads.createdAt',
                'generic': 'leads.created_at', 'hubspot': 'contacts.createdate',
            },
            'lead changed': {
                'salesforce': 'LeadHistory.CreatedDate', 'marketo': 'activities.activityDate',
                'generic': 'lead_events.occurred_at', 'hubspot': 'contact_property_history.timestamp',
            },
            'lead change recorded': {
                'salesforce': 'LeadHistory.CreatedDate', 'marketo': 'activities.activityDate',
                'generic': 'lead_events.recorded_at', 'hubspot': 'contact_property_history.timestamp',
            },
            'deal created': {
                'salesforce': 'Opportunity.CreatedDate', 'generic': 'opportunities.created_at',
                'hubspot': 'deals.createdate',
            },
            'deal closed': {
                'salesforce': 'Opportunity.CloseDate', 'generic': 'opportunities.closed_at',
                'hubspot': 'deals.closedate',
            },
        }[what].items() %}
        when '{{ system }}' then '{{ system }}.{{ time_column }}'
        {% endfor %}
    end
{%- endmacro %}

{#
    The zone whose day a time tells, or null where it has a time of day. `columns` is the alias of
    int_times__columns, joined by the name of the time's column; without a column only midnights tell.
#}
{% macro zone_of_day(moment, agreement_zone, columns) -%}
    case
        {% for zone, one_time in [
            (columns ~ '.source_time_zone', columns ~ '.one_source_time'),
            (agreement_zone, columns ~ '.one_agreement_time'),
            ("'UTC'", columns ~ '.one_utc_time'),
        ] %}
        when {{ to_second(moment) }} = {{ midnight(local_date(moment, zone), zone) }}
            or {{ local_time(moment, zone) }} = {{ one_time }}
            then {{ zone }}
        {% endfor %}
    end
{%- endmacro %}

{# The first and the last second at which it may have been; the time itself where it has a time of day. #}
{% macro earliest_at(moment, zone) -%}
    coalesce({{ midnight(local_date(moment, zone), zone) }}, {{ moment }})
{%- endmacro %}

{% macro latest_at(moment, zone) -%}
    coalesce({{ add_seconds(midnight('(' ~ local_date(moment, zone) ~ ' + 1)', zone), -1) }}, {{ moment }})
{%- endmacro %}

{#
    Columns of what a time in a column may mean; the zone of its day stands in `day_zone`. day_from and
    day_until are the first and last second of the day, and the time's own second where it has one.
#}
{% macro span_of_day(moment, zone='day_zone') -%}
    {{ zone }} is null as has_time_of_day,
        {{ earliest_at(moment, zone) }} as earliest_at,
        {{ latest_at(moment, zone) }} as latest_at,
        {{ to_second(earliest_at(moment, zone)) }} as day_from,
        {{ to_second(latest_at(moment, zone)) }} as day_until
{%- endmacro %}

{#
    The rows of a relation with told_at, told_earliest_at and told_latest_at, in an order in which those
    with a time of day keep theirs. One without takes the time of the one that it follows on its day,
    else its own (of the first on that day), never later than what comes after it nor earlier than what
    it follows; it lies between those with a time that it stands between.
#}
{% macro given_times(relation, partition, position) -%}
    select
        given.*,
        case
            when has_time_of_day then occurred_at
            else max(given_at) over (partition by {{ partition }} order by {{ position }})
        end as told_at,
        case
            when has_time_of_day then occurred_at else greatest(earliest_at, timed_before)
        end as told_earliest_at,
        case when has_time_of_day then occurred_at else least(latest_at, timed_after) end
            as told_latest_at
    from (
        select
            followed.*,
            case
                when has_time_of_day then occurred_at
                when timed_before >= day_from then timed_before
                else least(first_on_day, timed_after)
            end as given_at
        from (
            select
                {{ relation }}.*,
                max(occurred_at) filter (where has_time_of_day) over (
                    partition by {{ partition }} order by {{ position }}
                    rows between unbounded preceding and 1 preceding
                ) as timed_before,
                min(occurred_at) filter (where has_time_of_day) over (
                    partition by {{ partition }} order by {{ position }}
                    rows between 1 following and unbounded following
                ) as timed_after,
                first_value(occurred_at) over (
                    partition by {{ partition }}, has_time_of_day, day_from, day_until
                    order by {{ position }}
                ) as first_on_day
            from {{ relation }}
        ) as followed
    ) as given
{%- endmacro %}
