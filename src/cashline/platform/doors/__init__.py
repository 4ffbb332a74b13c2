"""What every door needs: the caller's authority, the clock, pages of lists."""
