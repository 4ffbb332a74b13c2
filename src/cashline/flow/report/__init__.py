"""The seventh stage: what the books and the log say, over all stages."""
