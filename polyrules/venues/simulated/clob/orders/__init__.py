"""Orders as they come over the wire, and what their owners may see and do."""
