"""The catalogue: what is configured besides the file, as a topic that every process follows."""
