"""A prior study laid over the current one: found by `registration`, measured apart from it by `residual`, or refused
(`aligned`) where it does not keep to the `limits`; `program` is the process that does so.

`aligned` says it all of a pair, within `limits`; `program` is the process that does it. Rigid only: a head does not
change its shape, and what is warped to fit hides what has grown. Loaded by the process that aligns and by nothing else:
SimpleITK takes more memory than a role has.
"""
