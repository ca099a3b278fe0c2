"""Where points meet the streets, where stations and cells are met, and where the map of streets ends or has gaps."""
