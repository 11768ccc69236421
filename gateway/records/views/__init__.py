"""Read models: frozen rows for pages, commands and steps. What a viewer may see is decided here.

`case_rows`, `study_rows`, `queue`, `held_object_rows`, `reply_rows`, `conflict_rows`, `commitment_rows`, `notice_rows`,
`prior_reports`, `earlier_cases`, `alignment_rows`, `rule_replay`, `own_rule`, `account_rows`, `trail_rows`,
`picture_rows`, `critical_rows`, `told_rows`.
"""
