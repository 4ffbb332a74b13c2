"""Provisioning: switching services on and off by signed calls with call-backs."""
