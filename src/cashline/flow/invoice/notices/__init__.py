"""Notices: mails about money that is to come, before it is billed: renewals, charges so far, wallets that run low."""
