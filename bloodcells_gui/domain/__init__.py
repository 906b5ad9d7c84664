"""Haematology and review: taxonomy, cells, counting, ranges, rules, decisions."""
