"""Checking the program against files of cases: every case is carried out by the real actions in a scratch company."""
