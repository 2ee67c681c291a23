"""HTTP as all live adapters use it: bounded, retried, counted, never surprising."""
