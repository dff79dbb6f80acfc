"""Trains and evaluates in turns on the same devices."""
