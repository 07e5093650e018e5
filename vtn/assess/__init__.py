"""What an order would do, and what it did: the store's facts, seen through the electricity that both ends share."""
