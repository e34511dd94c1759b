"""The lead-handoff pipeline: extracts to landing, marts, integrity checks and review."""
