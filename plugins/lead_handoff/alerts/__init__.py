"""The night's digest of new findings: what it says, and that it is said once."""
