"""The straight line, and what holds of any REACH table: catchments, outlines, decay."""
