"""The paper: YAML files of ours, read with the place of every word, held to a schema."""
