"""The warehouse itself: bookkeeping schema, night lock, build slots, publication."""
