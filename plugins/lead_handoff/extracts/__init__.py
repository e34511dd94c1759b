"""Pulls from the source systems: what they hold becomes night folders that landing reads.

A pull knows nothing of the warehouse. It writes files of the source's own shape with a manifest, so
everything after it is the same as for delivered files.
"""
