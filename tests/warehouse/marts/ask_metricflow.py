"""MetricFlow's Python interface in a process of its own: questions in, rows out, as JSON.

Run in the folder of a parsed project. Starting MetricFlow takes seconds, so that one process
answers all questions of a test module.
"""

import json
import sys
from datetime import date
from decimal import Decimal
from typing import Any


def main() -> None:
    from dbt_metricflow.cli.cli_configuration import CLIConfiguration
    from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

    questions = json.load(sys.stdin)
    metricflow = CLIConfiguration()
    metricflow.setup(configure_file_logging=False)
    answers = {}
    for name, question in questions.items():
        if question.get("metric_names") == "all":
            question["metric_names"] = [one.name for one in metricflow.mf.list_metrics()]
        found = metricflow.mf.query(MetricFlowQueryRequest.create(**question)).result_df
        assert found is not None
        answers[name] = [dict(zip(found.column_names, row, strict=True)) for row in found.rows]
    json.dump(answers, sys.stdout, default=as_text)


def as_text(value: Any) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(value)


if __name__ == "__main__":
    main()
