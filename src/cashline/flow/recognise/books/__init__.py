"""Books beside the journal: other accounting rules for the same facts, held as what they post otherwise."""
