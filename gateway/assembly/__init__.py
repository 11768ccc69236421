"""The composition root: settings become records and roles. Only this package knows every other, and each module of it
imports only what its role works with.

Read `configuration` (nodes, rules and profiles, read again when they changed; `last_good`: what stays in force on disk
while they are wrong), `gateway` (what all roles share), then
the roles: `receiver`, `web`, `worker`.
"""
