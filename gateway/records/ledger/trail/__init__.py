"""The audit trail beyond its single line.

milestones   what of the engine's work is an event of the trail
"""
