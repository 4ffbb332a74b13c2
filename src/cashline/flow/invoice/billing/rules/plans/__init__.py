"""The bills of subscriptions to rate plans: facts and usage → planned charges → difference to what was posted."""
