"""Pages for people and services for programs; it never calls the pipeline: they meet in the records.

application    every router under one guard
auditing/      who looked at what, written before the answer
callers/       programs that call with a token
issuer/        sign-in by an OpenID Connect issuer
foundation/    who is asking, may they, and what every answer has in common
pages/         for people
api/           for programs
dicomweb/      PS3.18
unpacking/     archives, in a process that may die
traffic/       connections, before anything of one is read
"""
