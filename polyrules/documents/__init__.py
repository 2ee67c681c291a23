"""The paper: our YAML files, read with the place of each word, held to a schema."""
