"""Topics: partitioned logs that keep their records, and groups that share the reading of them."""
