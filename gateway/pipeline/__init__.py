"""What happens next to a study: one module per step, and the engine that runs them.

step_table        which step leads on from which state: the table of contents of the product
step_result, context   what a step may say, and what it may use
steps/            the steps of a study and its case
replies/          the steps of what a reading site sends back
conflicts/        the steps of two versions of a study's objects
runner/           the engine: claims what is due, runs its step, records the result
retry             when to look again, and when to ask a person
jobs/  schedule   what happens by the clock
archive_counts    what archives count in a study: who is asked, and when not
report_pictures   the pictures of a report's marks, drawn for its printed pages
cores             work that fills a processor core
"""
