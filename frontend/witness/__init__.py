"""The witness 见证人: follows a platform's ledger from another machine, cosigns what only grew, raises the alarm else.

Nothing but Python's standard library, here and in what is imported from ``storage``: the whole program packs into one
file that runs wherever Python 3.11 is (``yunkai witness pack``).
"""
