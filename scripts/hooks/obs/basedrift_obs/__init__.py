"""Hooks of the Open Build Service: the sender, the listener on its message bus, and the listing that makes up for what was missed."""
