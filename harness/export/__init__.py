"""A record in the formats that others read: pure renderers, each with what it cannot carry.

Nothing is exported that was not read: what a record does not hold stays out of the document, and is
never written as a zero. Every document is held against a schema before anybody sees it, and comes
with a report of what was lost on the way.
"""
