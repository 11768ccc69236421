"""A study beside its prior: `reading` says which panes show which stacks, and which earlier cases there are."""
