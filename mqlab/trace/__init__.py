"""The trace: one schema for every engine, sinks that take its rows, and the run folder that keeps them."""
