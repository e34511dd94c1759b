"""The pipeline on one machine: an embedded PostgreSQL, an Airflow home, starting and stopping.

Nothing in here is used in a production deployment, where PostgreSQL and Airflow are services of
their own.
"""
