{#
    What the rules about acceptances by rep and by pair have in common: counts, tests and evidence of
    int_integrity__acceptance_tests.
#}

{# How many handoffs were accepted, and what came of the accepted ones, as aggregates. #}
{% macro acceptance_counts(prefix) -%}
    count(*) as {{ prefix }}handoffs,
    count(*) filter (where is_accepted) as {{ prefix }}accepted,
    count(*) filter (where is_progress_due) as {{ prefix }}progress_due,
    count(*) filter (where is_progress_due and is_progressed) as {{ prefix }}progressed,
    count(*) filter (where is_progress_due and is_decided) as {{ prefix }}decided
{%- endmacro %}

{#
    Whether a group's rate is at most a part of the rate of all others; multiplied out, so that
    nothing is divided by 0.
#}
{% macro is_part_of_the_rest(hits, total, part) -%}
    {{ hits }} * (all_{{ total }} - {{ total }})
    <= {{ part }} * (all_{{ hits }} - {{ hits }}) * {{ total }}
{%- endmacro %}

{# How many independent signals speak against a rep or a pair. #}
{% macro acceptance_signals() -%}
    {{ return(how_many([
        'p_accepted <= significance',
        'coalesce(p_accepted_own <= significance, false)',
        'is_progress_low and p_progressed <= significance',
        'is_decided_low and p_decided <= significance',
    ])) }}
{%- endmacro %}

{# The tests, their corrected result, the rates and the counts behind them. #}
{% macro acceptance_evidence() -%}
    {{ return(json_object({
        'test': "'Fisher exact: accepted more, and came to less, than the rest; the larger p'",
        'correction': "'Holm'",
        'tests': 'tests',
        'p': 'p_value',
        'p_corrected': 'p_corrected',
        'p_accepted': 'p_accepted',
        'p_accepted_own': 'p_accepted_own',
        'p_progressed': 'p_progressed',
        'p_decided': 'p_decided',
        'bdr_id': 'bdr_id',
        'rep_id': 'rep_id',
        'handoffs': 'handoffs',
        'accepted': 'accepted',
        'acceptance_rate': share('accepted', 'handoffs'),
        'base_acceptance_rate': share('(all_accepted - accepted)', '(all_handoffs - handoffs)'),
        'decision_due': 'progress_due',
        'progressed': 'progressed',
        'progress_rate': share('progressed', 'progress_due'),
        'base_progress_rate': share(
            '(all_progressed - progressed)', '(all_progress_due - progress_due)'
        ),
        'decided': 'decided',
        'decision_rate': share('decided', 'progress_due'),
        'base_decision_rate': share(
            '(all_decided - decided)', '(all_progress_due - progress_due)'
        ),
    })) }}
{%- endmacro %}
