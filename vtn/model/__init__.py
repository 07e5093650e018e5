"""What the operator talks about: feeders, sites, interventions, what became of them. No SQL, no XML, no clock."""
