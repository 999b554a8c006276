"""Measurements, each beside something comparable in the same run. Nothing here is a test."""
