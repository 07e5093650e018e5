"""The record of what was ordered, why, and what it did, in a form that anyone can check.

`log` lets a record grow, `checkpoint` seals it, `export` carries it to an auditor, `verification` says whether an
export is to be believed. Nothing here knows the rest of this repository: who checks us need not trust us.
"""
