"""Evaluation protocols, one file a family, registered in METRICS."""
