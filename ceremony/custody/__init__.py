"""The two short-lived processes that see what nobody else may: the dealer, and the combiner of an opening."""
