"""The join: the state of a click (`state`), the decision (`decide`, `credit`), the fold of a partition (`fold`)."""
