"""The topics on the broker: how they are made, what they keep, and the epoch of `events`."""
