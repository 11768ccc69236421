"""What happens next to a study: one module per step, and the engine that runs them."""
