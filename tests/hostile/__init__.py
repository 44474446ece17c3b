"""What comes from elsewhere and means harm: one file per kind of attack."""
