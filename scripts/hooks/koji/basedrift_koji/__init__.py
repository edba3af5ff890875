"""Hooks of Koji outside of its hub: the sender, and the listing that makes up for what was missed."""
