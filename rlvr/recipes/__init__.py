"""Turns YAML and `key=value` overrides into one frozen `Recipe`."""
