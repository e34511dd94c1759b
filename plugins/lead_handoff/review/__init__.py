"""The monthly review: freeze the month's exits, draw a sample anyone can redo, write case files.

``draw.draw_month`` is the way in; nothing is imported here, so that importing the package is free.
"""
