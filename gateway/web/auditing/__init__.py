"""Who looked at what: every answer to somebody who is signed in passes here, and the line comes before the answer.

routes       every address: what it is in the audit trail, or why it is nothing there
repetitions  one line for a session and a thing, and how often it was looked at again
trail        the middleware between the two
"""
