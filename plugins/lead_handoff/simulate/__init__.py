"""A seeded company whose people hand leads over, well and badly, for demo, tests and benchmark.

Nothing here reads the warehouse or the agreement: the same arguments give the same bytes.
"""
