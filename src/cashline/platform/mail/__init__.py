"""Mail: composed by a domain's sender, handed to SMTP with a stable Message-ID."""
