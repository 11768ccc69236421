"""The `engine` claims due work and runs its step; `lanes` says how many of its workers one peer may hold."""
