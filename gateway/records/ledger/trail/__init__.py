"""The audit trail beyond its single line.

sealing      the worker seals rows in order, and tells of the anchors it wrote
looks        what somebody looked at, or was not let do
sending      how far it has gone to the audit repository
configuration  what the worker works with, by names and digests
milestones   what of the engine's work is an event of the trail
"""
