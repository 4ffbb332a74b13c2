"""The rules of pricing; every amount comes with the derivation that recomputes it."""
