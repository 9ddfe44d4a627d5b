"""The protocol, in one place: which steps there are, in which order, and what each entry does to the state (pure).

`run`, resume, `status`, `script` and `verify` all read the same table: change it here and all of them change.
"""
