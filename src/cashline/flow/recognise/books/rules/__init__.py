"""Rules of books: policies, what they make of the facts, and the difference that each one posts."""
