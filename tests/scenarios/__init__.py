"""Tests of the scenarios that are shipped: that they show what they say, and that they could fail."""
