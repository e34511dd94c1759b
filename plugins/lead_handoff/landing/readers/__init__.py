"""One reader per file format; each yields rows in the same form (see blocks.py)."""
