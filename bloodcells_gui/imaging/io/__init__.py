"""Image files: formats, readers, limits, and the sandbox that decodes untrusted files."""
