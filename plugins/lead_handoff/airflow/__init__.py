"""What the DAGs are wired from: the only part of the package that knows Airflow."""
