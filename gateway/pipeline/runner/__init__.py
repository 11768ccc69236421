"""The `engine` claims due work and runs its step; `peer_limits` says how many of its workers one peer may hold."""
