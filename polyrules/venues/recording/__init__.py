"""The recorder: what is heard goes to disk as it comes, and becomes a tape."""
