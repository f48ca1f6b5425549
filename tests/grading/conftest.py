"""Answers and attacks are handed to the grader as texts: pytest must never import them, to look for examples, say."""

collect_ignore = ["answers", "attacks"]
