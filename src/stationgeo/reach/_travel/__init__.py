"""Stations and cells over the streets: within a time, and the nearest at any."""
