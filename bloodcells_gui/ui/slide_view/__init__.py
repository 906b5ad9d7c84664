"""The slide on screen: overview and deep zoom, cells where they lie."""
