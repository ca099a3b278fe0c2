"""Speeds from tracks: couriers followed along the streets, and networks that go as fast as they did."""
