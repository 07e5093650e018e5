"""What an event means for a chargepoint: the same amps at both ends and in every test."""
