"""The ledger: immutable double entry per legal entity, currency and book."""
