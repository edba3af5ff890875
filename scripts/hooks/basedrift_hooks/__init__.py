"""What the hooks of OBS and Koji share: the client of the service, the spool, rules, and the sending of builds.

Python 3.6 or newer, standard library alone.
"""
