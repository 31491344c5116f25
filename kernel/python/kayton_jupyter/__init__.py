"""Kayton for Jupyter."""
