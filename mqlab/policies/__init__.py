"""Pure decisions, written once and used by every engine."""
