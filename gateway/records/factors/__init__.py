"""What somebody shows to be who they are: `passwords` (which are taken), `second_factor` (time-based codes and recovery
codes), `sealed_secrets` (how the secret of the codes is kept)."""
